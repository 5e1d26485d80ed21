import SandboxCore
import SystemPackage

extension FilePath {
    /// The path's bytes as the kernel sees them.
    var guestBytes: [UInt8] {
        withPlatformString { text in
            var count = 0
            while text[count] != 0 { count += 1 }
            return Array(UnsafeRawBufferPointer(start: text, count: count))
        }
    }

    /// Nil when the bytes hold a NUL, which no path can.
    init?(guestBytes: [UInt8]) {
        guard !guestBytes.contains(0) else { return nil }
        self.init(platformString: guestBytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0])
    }
}

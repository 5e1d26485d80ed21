import SandboxCore
import SystemPackage

extension FilePath {
    /// The path's bytes as the kernel sees them.
    var guestBytes: [UInt8] {
        withPlatformString { text in
            var bytes: [UInt8] = []
            var at = text
            while at.pointee != 0 {
                bytes.append(UInt8(bitPattern: at.pointee))
                at += 1
            }
            return bytes
        }
    }

    /// Nil when the bytes hold a NUL, which no path can.
    init?(guestBytes: [UInt8]) {
        guard !guestBytes.contains(0) else { return nil }
        self.init(platformString: guestBytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0])
    }
}

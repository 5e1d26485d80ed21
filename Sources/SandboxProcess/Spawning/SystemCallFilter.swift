import SandboxCore
import CSandlotSystem
import Glibc

/// A seccomp program.
public struct SystemCallFilter: Sendable {
    /// The classic BPF instructions as the kernel and `bwrap --seccomp` read them, 8 bytes each.
    public let bytes: [UInt8]

    /// The number of instructions.
    public var count: Int { bytes.count / MemoryLayout<sock_filter>.size }

    /// The filter that every local sandbox gets; `denyingInternet` also refuses internet sockets.
    public static func standard(denyingInternet: Bool = false) throws -> SystemCallFilter {
        let capacity = 1024
        let flags = denyingInternet ? UInt32(SANDLOT_SECCOMP_NO_INTERNET) : 0
        var length: Int32 = 0
        let program = [sock_filter](unsafeUninitializedCapacity: capacity) { buffer, count in
            length = sandlot_seccomp_default(buffer.baseAddress, capacity, flags)
            count = max(0, Int(length))
        }
        guard length > 0 else { throw SandboxError.system("building the system call filter", errno) }
        return SystemCallFilter(bytes: program.withUnsafeBytes { Array($0) })
    }

    func withInstructions<R>(_ body: (UnsafePointer<sock_filter>?, UInt16) throws -> R) rethrows -> R {
        try bytes.withUnsafeBytes { raw in
            try body(raw.bindMemory(to: sock_filter.self).baseAddress, UInt16(count))
        }
    }
}

import Glibc
import SandboxCore

/// A port of this machine that nobody else is given, for a server that goes and comes again: a socket that is bound to it and does not listen
/// keeps the system from handing it out, and lets one that listens be bound beside it.
final class HeldPort: Sendable {
    let number: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (raw, size) = (descriptor, length)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(raw, plain, size) == 0 ? getsockname(raw, plain, &length) : -1
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        guard result == 0 else { throw SandboxError(.unavailable, "no port is to be had (errno \(errno))") }
    }

    deinit { close(descriptor) }
}

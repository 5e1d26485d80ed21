import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Connections to sockets in a folder, whatever the length of its path.
enum UnixSocket {
    /// A connected socket that does not block.
    static func connect(to name: String, in folder: FilePath) throws -> OwnedDescriptor {
        let directory = try Descriptors.directory(folder)
        let end = OwnedDescriptor(Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        guard end.raw >= 0 else { throw SandboxError.system("making a socket", errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let short = "/proc/self/fd/\(directory.raw)/\(name)"
        guard short.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SandboxError(.invalidArgument, "the socket name '\(name)' is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8) }
        let done = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(end.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard done == 0 else { throw SandboxError.system("connecting to \(folder.appending(name))", errno) }
        guard fcntl(end.raw, F_SETFL, O_NONBLOCK) == 0 else { throw SandboxError.system("preparing a socket", errno) }
        return end
    }
}

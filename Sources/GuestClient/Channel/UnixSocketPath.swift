import Glibc
import SandboxCore
import SystemPackage

/// A socket's path, made short enough for `sockaddr_un` by way of a descriptor of its directory.
struct UnixSocketPath {
    /// What NIO accepts, which is a little less than the kernel's 107: BSD's 103.
    private static let limit = 103
    /// A descriptor that only stands for a path; glibc hides the name behind a feature macro.
    private static let pathOnly: Int32 = 0o10000000

    /// Names the same socket until `close`.
    let shortPath: String
    private let directory: FileDescriptor?

    init(_ path: FilePath) throws {
        guard path.length > Self.limit else {
            shortPath = path.string
            directory = nil
            return
        }
        guard let name = path.lastComponent else { throw SandboxError(.invalidArgument, "\(path) does not name a socket") }
        do {
            let parent = try FileDescriptor.open(
                path.removingLastComponent(), .readOnly,
                options: [.directory, .closeOnExec, FileDescriptor.OpenOptions(rawValue: Self.pathOnly)])
            directory = parent
            shortPath = "/proc/self/fd/\(parent.rawValue)/\(name.string)"
        } catch {
            throw SandboxError(.unavailable, "cannot open the directory of the guest's socket \(path)", cause: error)
        }
        guard shortPath.utf8.count <= Self.limit else {
            close()
            throw SandboxError(.invalidArgument, "the name of the socket \(path) is too long", remedy: "use a name of at most 80 bytes")
        }
    }

    func close() { try? directory?.close() }
}

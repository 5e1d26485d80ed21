import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// What tells whether a file is still the same without reading it.
struct FileStamp: Sendable {
    let path: FilePath
    let text: String

    init(_ path: FilePath) throws {
        var status = stat()
        guard stat(path.string, &status) == 0 else { throw SandboxError.system("looking at \(path)", errno) }
        self.path = path
        text = "\(path) \(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    /// A short name for what is made from these texts.
    static func key(_ texts: [String]) -> String { String(Digest.hex(Array(texts.joined(separator: "\0").utf8)).prefix(24)) }
}

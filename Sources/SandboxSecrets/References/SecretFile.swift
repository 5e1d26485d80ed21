import Glibc
import SandboxCore
import SandboxProcess
public import SystemPackage

/// A secret that stands in a file of its own.
public enum SecretFile {
    /// Bytes; more is not a secret.
    public static let limit = 64 << 10

    /// The text of a file without the line break at its end. Throws `notFound`, `denied`, and `invalidArgument` for what is no such file; with
    /// `mustBePrivate`, `denied` also for one that others may read.
    public static func read(_ path: FilePath, mustBePrivate: Bool = false) throws -> String {
        let bytes = try bytes(path, limit: limit, mustBePrivate: mustBePrivate)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SandboxError(.invalidArgument, "\(path) is not a text file", remedy: "name a file that holds the secret and nothing else")
        }
        return text.withoutLineBreak
    }

    static func bytes(_ path: FilePath, limit: Int, mustBePrivate: Bool = false) throws -> [UInt8] {
        // Without blocking: a pipe that nobody writes to must not stop us before we see that it is one.
        let number = open(path.string, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { throw SandboxError.system("reading \(path)", errno, remedy: "check the path and who owns it") }
        let file = OwnedDescriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            throw SandboxError(.invalidArgument, "\(path) is not a plain file of at most \(limit) bytes", remedy: "name another file")
        }
        guard !mustBePrivate || status.st_mode & 0o077 == 0 else {
            throw SandboxError(.denied, "\(path) can be read by others", remedy: "chmod 600 \(path)")
        }
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            guard let piece = try file.readAvailable(limit: 64 << 10) else { continue }
            if piece.isEmpty { return bytes }
            bytes += piece
        }
        throw SandboxError(.limitExceeded, "\(path) is longer than \(limit) bytes", remedy: "name another file")
    }
}

extension String {
    /// Without one line break at the end, as editors and `echo` leave it.
    var withoutLineBreak: String {
        if hasSuffix("\r\n") || hasSuffix("\n") { return String(dropLast()) }
        return self
    }
}

import SandboxCore
import SystemPackage

/// `-v SOURCE:TARGET[:ro|rw]` and `--workspace DIRECTORY[:ro|rw]`.
enum VolumeArgument {
    /// A host path seen inside. A relative source means the current directory; unlike Docker's, a bare name is a path and not a volume.
    static func mount(_ text: String, currentDirectory: FilePath) throws -> Mount {
        let (parts, readOnly) = try split(text)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].hasPrefix("/") else {
            throw SandboxError(
                .invalidArgument, "'\(text)' is not a volume", remedy: "write SOURCE:TARGET or SOURCE:TARGET:ro with an absolute TARGET")
        }
        let target = FilePath(parts[1]).lexicallyNormalized()
        guard target.string != "/" else {
            throw SandboxError(.invalidArgument, "'\(text)' would replace the whole file system", remedy: "name a directory below /")
        }
        return Mount(source: absolute(parts[0], currentDirectory), target: target, readOnly: readOnly)
    }

    /// The directory that commands start in.
    static func workspace(_ text: String, currentDirectory: FilePath) throws -> WorkspaceChoice {
        let (parts, readOnly) = try split(text)
        guard parts.count == 1, !parts[0].isEmpty else {
            throw SandboxError(.invalidArgument, "'\(text)' is not a workspace", remedy: "write DIRECTORY or DIRECTORY:ro")
        }
        return .mounted(absolute(parts[0], currentDirectory), readOnly: readOnly)
    }

    static func absolute(_ text: String, _ currentDirectory: FilePath) -> FilePath {
        (text.hasPrefix("/") ? FilePath(text) : currentDirectory.appending(text)).lexicallyNormalized()
    }

    private static func split(_ text: String) throws -> (parts: [String], readOnly: Bool) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard !text.contains("\0") else { throw SandboxError(.invalidArgument, "a path holds a zero byte", remedy: "remove it") }
        guard parts.count > 1, let last = parts.last, last == "ro" || last == "rw" else { return (parts, false) }
        parts.removeLast()
        return (parts, last == "ro")
    }
}

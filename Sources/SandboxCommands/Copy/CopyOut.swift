import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// From a sandbox to this machine.
struct CopyOut {
    let files: any SandboxFileSystem

    /// Copies a file or a tree; a target that is a directory gets it below its own name. Returns what was refused.
    func copy(_ source: FilePath, to target: FilePath) async throws -> [(path: FilePath, reason: String)] {
        let entry = try await files.stat(source, followsLinks: true)
        var status = stat()
        let isThere = stat(target.string, &status) == 0
        let isDirectory = isThere && status.st_mode & S_IFMT == S_IFDIR
        let contentsOnly = source.string.hasSuffix("/.") || source.lastComponent?.kind == .currentDirectory
        let name = source.lexicallyNormalized().lastComponent?.string
        let destination = isDirectory && !(contentsOnly && entry.kind == .directory) ? name.map { target.appending($0) } ?? target : target
        switch entry.kind {
        case .directory:
            guard !isThere || isDirectory else {
                throw SandboxError(.conflict, "\(target) is not a directory", remedy: "name another target")
            }
            guard mkdir(destination.string, 0o755) == 0 || errno == EEXIST else {
                throw SandboxError(.denied, "cannot create \(destination): \(Errno(rawValue: errno))", remedy: "name another target")
            }
            let writer = try HostTreeWriter(root: destination)
            for try await item in try await files.export(source, paths: []) { try await writer.write(item) }
            try await writer.finish()
            return await writer.refused
        case .regular:
            let parent = destination.removingLastComponent()
            guard let name = destination.lastComponent else {
                throw SandboxError(.invalidArgument, "the target has no name", remedy: "name a file or directory")
            }
            let writer = try HostTreeWriter(root: parent.isEmpty ? "." : parent)
            var target = entry
            target.path = FilePath(name.string)
            try await writer.write(.entry(target))
            for try await piece in try await files.contents(of: source, offset: 0, length: nil) { try await writer.write(.content(piece)) }
            try await writer.finish()
            return await writer.refused
        default:
            throw SandboxError(.unsupported, "\(source) is a \(entry.kind.rawValue)", remedy: "copy a file or a directory")
        }
    }
}

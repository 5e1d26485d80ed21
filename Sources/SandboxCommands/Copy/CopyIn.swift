import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// From this machine into a sandbox.
struct CopyIn {
    let files: any SandboxFileSystem

    /// Copies a file or a tree; a target that is a directory gets it below its own name, as `cp -r` does it. Returns what was refused.
    func copy(_ source: FilePath, to target: FilePath) async throws -> [(path: FilePath, reason: String)] {
        var status = stat()
        guard stat(source.string, &status) == 0 else {
            throw SandboxError(.notFound, "cannot read \(source): \(Errno(rawValue: errno))", remedy: "check the path")
        }
        let existing = try await CopyTarget.kind(of: target, in: files)
        let contentsOnly = source.string.hasSuffix("/.") || source.lastComponent?.kind == .currentDirectory
        let name = source.lexicallyNormalized().lastComponent?.string
        let destination = existing == .directory && !contentsOnly ? name.map { target.appending($0) } ?? target : target
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if existing != nil, existing != .directory {
                throw SandboxError(.conflict, "\(target) in the sandbox is not a directory", remedy: "name another target")
            }
            try await files.makeDirectory(destination, mode: UInt32(status.st_mode & 0o777), parents: true)
            let reader = try HostTreeReader(root: source)
            let refused = try await files.import(reader.items, into: destination)
            return refused + (await reader.skipped).map { ($0, "neither a file, a directory nor a link") }
        case S_IFREG:
            let file = try FileDescriptor.open(source, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
            try await files.write(
                SandboxStream {
                    let piece = try [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    return piece.isEmpty ? nil : piece
                }, to: destination, options: FileWriteOptions(mode: UInt32(status.st_mode & 0o777)))
            return []
        default:
            throw SandboxError(.unsupported, "\(source) is neither a file nor a directory", remedy: "copy a file or a directory")
        }
    }
}

/// What a path in the sandbox is.
enum CopyTarget {
    static func kind(of path: FilePath, in files: any SandboxFileSystem) async throws -> FileKind? {
        do {
            return try await files.stat(path, followsLinks: true).kind
        } catch let refusal as FileRefusal where refusal.reason == .notFound {
            return nil
        }
    }
}

import SandboxCore
import SystemPackage

/// Lists a tree to some depth.
enum FileListing {
    /// Entries that one answer holds at most.
    private static let largest = 100_000

    /// What lies below a directory: with depth 1 its own entries. Paths are absolute. Throws `limitExceeded` for too many.
    static func entries(
        below root: FilePath, depth: Int, of files: any SandboxFileSystem
    ) async throws -> [(path: FilePath, entry: FileEntry)] {
        var found: [(path: FilePath, entry: FileEntry)] = []
        try await collect(root, depth, files, &found)
        return found
    }

    private static func collect(
        _ directory: FilePath, _ depth: Int, _ files: any SandboxFileSystem, _ found: inout [(path: FilePath, entry: FileEntry)]
    ) async throws {
        var cursor: FilePath?
        while true {
            let page = try await files.list(directory, after: cursor, limit: 1000)
            for entry in page.entries {
                guard found.count < largest else {
                    throw SandboxError(.limitExceeded, "more than \(largest) entries: list a smaller part")
                }
                let path = directory.appending(entry.path.components)
                found.append((path, entry))
                if entry.kind == .directory, depth > 1 { try await collect(path, depth - 1, files, &found) }
            }
            guard page.more, let last = page.entries.last else { return }
            cursor = last.path
        }
    }
}

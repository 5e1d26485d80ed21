import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import SandboxWorkspace

@Suite("Snapshots of mounted workspaces", .timeLimit(.minutes(1)))
struct MountedSnapshotTests {
    /// A directory, and a place for a snapshot of it.
    private func withDirectory(_ body: (URL, FilePath) async throws -> Void) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "sandlot-mounted-\(UUID().uuidString)")
        let directory = root.appending(path: "project")
        try FileManager.default.createDirectory(at: directory.appending(path: "folder"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        for name in ["same", "edited", "gone", "moded", "folder/deep"] { try Data("text".utf8).write(to: directory.appending(path: name)) }
        try await body(directory, FilePath(root.appending(path: "opened").path))
    }

    private func changes(_ snapshot: MountedSnapshot, _ directory: URL) async throws -> [String] {
        try await snapshot.compare(FilePath(directory.path)).changes.map { "\($0.change.rawValue) \($0.kind) \($0.path)" }
    }

    @Test("what was made, edited, removed and given another mode since is told, and nothing else")
    func differences() async throws {
        try await withDirectory { directory, kept in
            try await MountedSnapshot.take(of: FilePath(directory.path)).write(kept)
            let snapshot = try #require(try MountedSnapshot.read(kept))
            #expect(try await changes(snapshot, directory) == [])
            // Of the same size, within the same moment: times alone would not tell.
            try Data("TEXT".utf8).write(to: directory.appending(path: "edited"))
            try FileManager.default.removeItem(at: directory.appending(path: "gone"))
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory.appending(path: "moded").path)
            try FileManager.default.createSymbolicLink(atPath: directory.appending(path: "link").path, withDestinationPath: "same")
            try FileManager.default.removeItem(at: directory.appending(path: "folder"))
            try Data("file".utf8).write(to: directory.appending(path: "folder"))
            try Data("x".utf8).write(to: directory.appending(path: "made"))
            #expect(
                try await changes(snapshot, directory) == [
                    "modify file edited", "retype file folder", "delete file folder/deep", "delete file gone", "create link link",
                    "create file made", "chmod file moded",
                ])
            let report = try await snapshot.compare(FilePath(directory.path))
            #expect(report.since == snapshot.takenAt && report.total == 1)
            MountedSnapshot.forget(kept)
            #expect(try MountedSnapshot.read(kept) == nil)
        }
    }

    @Test("ignored files are left out")
    func ignored() async throws {
        try await withDirectory { directory, _ in
            try Data("*.log\n".utf8).write(to: directory.appending(path: ".gitignore"))
            let snapshot = try await MountedSnapshot.take(of: FilePath(directory.path))
            try Data("noise".utf8).write(to: directory.appending(path: "build.log"))
            #expect(try await changes(snapshot, directory) == [])
        }
    }

    /// A regular file that changed long ago, so that its times tell of the next change.
    private func old(size: Int, changed: Int = 1_000_000) -> HostStatus {
        var value = stat()
        value.st_mode = S_IFREG | 0o644
        value.st_size = size
        value.st_mtim.tv_sec = 1_000_000
        value.st_ctim.tv_sec = changed
        return HostStatus(value)
    }

    @Test("a file that is old is not read, and every move of its change time counts")
    func unread() throws {
        let before = old(size: 4)
        let node = try #require(UnreadFile.node(nil, before))
        var known = BaseEntry(try #require(TreePath("file")), node)
        known.hostStamp = before.stamp
        let after = try #require(UnreadFile.node(known, old(size: 4, changed: 1_000_001)))
        #expect(NodeChange(from: node, to: after) == .modify)
        known.hostStamp = nil
        #expect(UnreadFile.node(known, before) == nil)
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine
import SystemPackage

/// `filesystem.Filesystem`: the files of one sandbox.
struct FilesystemService: Sendable {
    let services: CompatServices
    let watchers: Watchers
    /// Where relative paths begin, and what the sandbox's user is called.
    let home: FilePath
    static let user = "user"

    func stat(_ message: FilesystemMessages.PathRequest, in session: SessionRecord) async throws -> FilesystemMessages.EntryAnswer {
        FilesystemMessages.EntryAnswer(entry: try await entry(try path(message.path), in: session))
    }

    func list(_ message: FilesystemMessages.PathRequest, in session: SessionRecord) async throws -> FilesystemMessages.ListAnswer {
        let root = try path(message.path)
        let files = try await services.engine.files(in: session.id)
        guard try await files.stat(root, followsLinks: true).kind == .directory else {
            throw ConnectFailure("invalid_argument", "path is not a directory: \(root)")
        }
        let found = try await FileListing.entries(below: root, depth: Int(max(1, message.depth ?? 1)), of: files)
        return FilesystemMessages.ListAnswer(
            entries: found.map { FilesystemMessages.EntryInfo($0.entry, at: $0.path.string, owner: Self.user) })
    }

    func makeDirectory(_ message: FilesystemMessages.PathRequest, in session: SessionRecord) async throws
        -> FilesystemMessages.EntryAnswer
    {
        let path = try path(message.path)
        let files = try await services.engine.files(in: session.id)
        if let existing = try? await files.stat(path, followsLinks: true) {
            throw ConnectFailure(
                existing.kind == .directory ? "already_exists" : "invalid_argument",
                existing.kind == .directory ? "directory already exists: \(path)" : "path already exists but it is not a directory: \(path)"
            )
        }
        try await files.makeDirectory(path, mode: 0o755, parents: true)
        return FilesystemMessages.EntryAnswer(entry: try await entry(path, in: session))
    }

    func move(_ message: FilesystemMessages.MoveRequest, in session: SessionRecord) async throws -> FilesystemMessages.EntryAnswer {
        let target = try path(message.destination)
        let files = try await services.engine.files(in: session.id)
        let source = try path(message.source)
        _ = try await files.stat(source, followsLinks: false)
        let parent = target.removingLastComponent()
        if (try? await files.stat(parent, followsLinks: true)) == nil {
            try await files.makeDirectory(parent, mode: 0o755, parents: true)
        }
        try await files.move(source, to: target, overwrite: true)
        return FilesystemMessages.EntryAnswer(entry: try await entry(target, in: session))
    }

    func remove(_ message: FilesystemMessages.PathRequest, in session: SessionRecord) async throws {
        do {
            try await services.engine.files(in: session.id).remove(try path(message.path), recursive: true)
        } catch let refusal as FileRefusal where refusal.reason == .notFound {
            // The service removes what is not there without a word.
        }
    }

    /// A path as the service's users write it: relative ones begin at the home directory.
    func path(_ text: String?) throws -> FilePath {
        do {
            return try HomePaths.resolve(text, home: home)
        } catch let error as SandboxError {
            throw ConnectFailure(error)
        }
    }

    private func entry(_ path: FilePath, in session: SessionRecord) async throws -> FilesystemMessages.EntryInfo {
        let files = try await services.engine.files(in: session.id)
        return FilesystemMessages.EntryInfo(try await files.stat(path, followsLinks: false), at: path.string, owner: Self.user)
    }
}

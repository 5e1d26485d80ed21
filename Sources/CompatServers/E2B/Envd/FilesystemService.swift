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
        var found: [FilesystemMessages.EntryInfo] = []
        try await collect(root, depth: Int(max(1, message.depth ?? 1)), files, &found)
        return FilesystemMessages.ListAnswer(entries: found)
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
        guard let text, !text.isEmpty else { return home }
        guard !text.utf8.contains(0) else { throw ConnectFailure("invalid_argument", "a path holds no zero bytes") }
        if text == "~" { return home }
        if text.hasPrefix("~/") { return home.appending(String(text.dropFirst(2))).lexicallyNormalized() }
        return (text.hasPrefix("/") ? FilePath(text) : home.appending(text)).lexicallyNormalized()
    }

    private func entry(_ path: FilePath, in session: SessionRecord) async throws -> FilesystemMessages.EntryInfo {
        let files = try await services.engine.files(in: session.id)
        return FilesystemMessages.EntryInfo(try await files.stat(path, followsLinks: false), at: path.string, owner: Self.user)
    }

    private func collect(
        _ directory: FilePath, depth: Int, _ files: any SandboxFileSystem, _ found: inout [FilesystemMessages.EntryInfo]
    ) async throws {
        var cursor: FilePath?
        while true {
            let page = try await files.list(directory, after: cursor, limit: 1000)
            for entry in page.entries {
                guard found.count < Self.largestListing else {
                    throw ConnectFailure("resource_exhausted", "more than \(Self.largestListing) entries: list a smaller part")
                }
                let path = directory.appending(entry.path.components)
                found.append(FilesystemMessages.EntryInfo(entry, at: path.string, owner: Self.user))
                if entry.kind == .directory, depth > 1 { try await collect(path, depth: depth - 1, files, &found) }
            }
            guard page.more, let last = page.entries.last else { return }
            cursor = last.path
        }
    }

    private static let largestListing = 100_000
}

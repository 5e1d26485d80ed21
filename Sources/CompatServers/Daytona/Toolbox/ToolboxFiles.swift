import SandboxCore
import SandboxEngine
import SystemPackage

/// The files of a sandbox.
struct ToolboxFiles: Sendable {
    let services: CompatServices

    private static let mostMatches = 10_000

    func path(_ text: String?) throws -> FilePath { try HomePaths.resolve(text, home: DaytonaServer.home) }

    func files(in session: SessionRecord) async throws -> any SandboxFileSystem { try await services.engine.files(in: session.id) }

    func list(_ path: String?, depth: Int?, in session: SessionRecord) async throws -> [ToolboxMessages.FileInfo] {
        guard (depth ?? 1) >= 1 else { throw DaytonaFailure(400, "the depth is at least 1") }
        let found = try await FileListing.entries(below: try self.path(path), depth: depth ?? 1, of: try await files(in: session))
        return found.map { ToolboxMessages.FileInfo($0.entry, at: $0.path) }
    }

    func info(_ path: String?, in session: SessionRecord) async throws -> ToolboxMessages.FileInfo {
        let path = try self.path(path)
        return ToolboxMessages.FileInfo(try await files(in: session).stat(path, followsLinks: true), at: path)
    }

    func makeDirectory(_ path: String?, mode: String?, in session: SessionRecord) async throws {
        guard let path, !path.isEmpty else { throw DaytonaFailure(400, "the query names no path") }
        try await files(in: session).makeDirectory(try self.path(path), mode: try Self.mode(mode ?? "755"), parents: true)
    }

    func remove(_ path: String?, recursive: Bool, in session: SessionRecord) async throws {
        guard let path, !path.isEmpty else { throw DaytonaFailure(400, "the query names no path") }
        let target = try self.path(path)
        let files = try await files(in: session)
        if !recursive, try await files.stat(target, followsLinks: false).kind == .directory {
            throw DaytonaFailure(400, "cannot delete directory without recursive flag: \(target)", code: "INVALID_FILE_PATH")
        }
        try await files.remove(target, recursive: recursive)
    }

    func move(_ source: String?, to destination: String?, in session: SessionRecord) async throws {
        guard let source, let destination, !source.isEmpty, !destination.isEmpty else {
            throw DaytonaFailure(400, "the query names no source or no destination")
        }
        let files = try await files(in: session)
        var target = try path(destination)
        let from = try path(source)
        if let name = from.lastComponent, (try? await files.stat(target, followsLinks: true))?.kind == .directory { target.append(name) }
        try await files.move(from, to: target, overwrite: true)
    }

    /// Lines that contain a text.
    func find(_ path: String?, _ pattern: String?, in session: SessionRecord) async throws -> [ToolboxMessages.Match] {
        guard let pattern, !pattern.isEmpty else { throw DaytonaFailure(400, "the query has no pattern") }
        let found = try await files(in: session).grep(
            FileSearch(root: try self.path(path), pattern: pattern, isLiteral: true, limit: Self.mostMatches, includesHidden: true))
        let root = try self.path(path)
        return found.matches.map { match in
            ToolboxMessages.Match(
                file: Self.absolute(match.path, below: root), line: match.line, content: String(decoding: match.text, as: UTF8.self))
        }
    }

    /// Files whose names match a pattern.
    func search(_ path: String?, _ pattern: String?, in session: SessionRecord) async throws -> ToolboxMessages.Found {
        guard let pattern, !pattern.isEmpty else { throw DaytonaFailure(400, "the query has no pattern") }
        let root = try self.path(path)
        let found = try await files(in: session).glob("**/" + pattern, root: root, limit: Self.mostMatches, includesHidden: true)
        return ToolboxMessages.Found(files: found.entries.map { Self.absolute($0.path, below: root) })
    }

    /// Replaces a text in several files; each says how it went.
    func replace(_ message: ToolboxMessages.Replace, in session: SessionRecord) async throws -> [ToolboxMessages.Replaced] {
        guard !message.pattern.isEmpty else { throw DaytonaFailure(400, "the pattern is empty") }
        let files = try await files(in: session)
        var results: [ToolboxMessages.Replaced] = []
        for name in message.files {
            do {
                let path = try path(name)
                let text = String(decoding: try await files.readAll(path), as: UTF8.self)
                let changed = text.replacing(message.pattern, with: message.newValue)
                if changed != text { try await files.write(text: changed, to: path) }
                results.append(ToolboxMessages.Replaced(file: name, success: true))
            } catch let refusal as FileRefusal {
                results.append(ToolboxMessages.Replaced(file: name, success: false, error: "\(refusal)"))
            }
        }
        return results
    }

    /// Owners cannot be changed: a sandbox has one user, and naming it changes nothing.
    func setPermissions(
        _ path: String?, mode: String?, owner: String?, group: String?, in session: SessionRecord
    ) async throws {
        for name in [owner, group].compactMap({ $0 }) where !name.isEmpty && name != DaytonaServer.user {
            throw DaytonaFailure.unserved("files here belong to '\(DaytonaServer.user)' and to nobody else")
        }
        let target = try self.path(path)
        let files = try await files(in: session)
        if let mode, !mode.isEmpty {
            try await files.changeMode(target, mode: try Self.mode(mode))
        } else {
            _ = try await files.stat(target, followsLinks: true)
        }
    }

    private static func mode(_ text: String) throws -> UInt32 {
        guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
            throw DaytonaFailure(400, "'\(text.prefix(20))' is not an octal mode")
        }
        return mode
    }

    private static func absolute(_ path: FilePath, below root: FilePath) -> String {
        path.isAbsolute ? path.string : root.appending(path.components).string
    }
}

extension ToolboxMessages.FileInfo {
    init(_ entry: FileEntry, at path: FilePath) {
        let time = CompatTime.text(milliseconds: entry.modified / 1_000_000)
        let digits = String(entry.mode & 0o7777, radix: 8)
        let kind = entry.kind == .directory ? "d" : entry.kind == .symbolicLink ? "L" : "-"
        func name(_ id: UInt32) -> String { id == 0 ? "root" : DaytonaServer.user }
        self.init(
            name: path.lastComponent?.string ?? "/", path: path.string, isDir: entry.kind == .directory, size: entry.size,
            mode: String(repeating: "0", count: max(0, 4 - digits.count)) + digits, permissions: kind + PermissionText.bits(entry.mode),
            owner: name(entry.userID), group: name(entry.groupID), modTime: time, modifiedAt: time)
    }
}

public import SandboxCore
public import SystemPackage

/// A `FileEntry`.
public struct FileEntryBody: Sendable, Codable, Equatable {
    public var path: WirePath
    public var kind: FileKind
    public var mode: UInt32
    public var size: UInt64
    /// Nanoseconds since 1970.
    public var modifiedNs: Int64
    /// When content or attributes last changed, in nanoseconds since 1970.
    public var changedNs: Int64?
    public var inode: UInt64?
    public var userId: UInt32
    public var groupId: UInt32
    public var linkTarget: WirePath?
    /// Of the content, in hexadecimal.
    public var sha256: String?

    /// Wraps an entry.
    public init(_ entry: FileEntry) {
        path = WirePath(entry.path)
        kind = entry.kind
        mode = entry.mode
        size = entry.size
        modifiedNs = entry.modified
        changedNs = entry.changed
        inode = entry.inode
        userId = entry.userID
        groupId = entry.groupID
        linkTarget = entry.linkTarget.map { WirePath($0) }
        sha256 = entry.digest.map(Hexadecimal.text)
    }

    /// The entry.
    public func entry() throws -> FileEntry {
        FileEntry(
            path: path.path, kind: kind, mode: mode, size: size, modified: modifiedNs, changed: changedNs,
            inode: inode, userID: userId, groupID: groupId,
            linkTarget: linkTarget?.path, digest: try sha256.map { try Hexadecimal.bytes($0) })
    }
}

enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func bytes(_ text: String) throws -> [UInt8] {
        let digits = try text.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39: return byte - 0x30
            case 0x61...0x66: return byte - 0x57
            default: throw SandboxError(.protocolViolation, "a digest is not hexadecimal")
            }
        }
        guard digits.count.isMultiple(of: 2) else { throw SandboxError(.protocolViolation, "a digest has an odd number of digits") }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// Entries, and whether there are more than the limit let through.
public struct FileListBody: Sendable, Codable, Equatable {
    public var entries: [FileEntryBody]
    public var more: Bool

    /// Creates a list.
    public init(entries: [FileEntryBody], more: Bool) {
        self.entries = entries
        self.more = more
    }
}

/// What `POST …/files/directory` takes.
public struct DirectoryCreation: RequestBody, Encodable, Equatable {
    public var path: WirePath
    /// Permission bits as a number: 493 is 0755.
    public var mode: UInt32?
    public var parents: Bool?

    /// Creates a wish.
    public init(path: FilePath, mode: UInt32, parents: Bool) {
        self.path = WirePath(path)
        self.mode = mode
        self.parents = parents
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case path, mode, parents }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What `POST …/files/move` takes.
public struct FileMove: RequestBody, Encodable, Equatable {
    public var from: WirePath
    public var to: WirePath
    public var overwrite: Bool?

    /// Creates a wish.
    public init(from: FilePath, to: FilePath, overwrite: Bool) {
        self.from = WirePath(from)
        self.to = WirePath(to)
        self.overwrite = overwrite
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case from, to, overwrite }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What `POST …/files/link` takes: a symbolic link at `path` that says `target`.
public struct LinkCreation: RequestBody, Encodable, Equatable {
    public var path: WirePath
    public var target: WirePath

    /// Creates a wish.
    public init(path: FilePath, target: FilePath) {
        self.path = WirePath(path)
        self.target = WirePath(target)
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case path, target }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What `POST …/files/mode` takes.
public struct ModeChange: RequestBody, Encodable, Equatable {
    public var path: WirePath
    /// Permission bits as a number.
    public var mode: UInt32

    /// Creates a wish.
    public init(path: FilePath, mode: UInt32) {
        self.path = WirePath(path)
        self.mode = mode
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case path, mode }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// A `FileChange`, a line of the stream that `watch` answers with.
public struct FileChangeBody: Sendable, Codable, Equatable {
    /// Absent in a `keepalive`.
    public var path: WirePath?
    /// `created`, `modified`, `removed`, `attributes`, `overflow`; `watching` is the first line, `keepalive` is silence, `error` the end.
    public var kind: String
    public var error: ErrorBody.Failure?

    /// Creates a line.
    public init(kind: String, path: WirePath? = nil, error: ErrorBody.Failure? = nil) {
        self.kind = kind
        self.path = path
        self.error = error
    }
}

/// A line of a manifest: an entry, the end, or why there is none. A stream without one of the two last is cut off.
public struct ManifestLine: Sendable, Codable, Equatable {
    public var entry: FileEntryBody?
    public var end: Bool?
    public var error: ErrorBody.Failure?

    /// Creates a line.
    public init(entry: FileEntryBody? = nil, end: Bool? = nil, error: ErrorBody.Failure? = nil) {
        self.entry = entry
        self.end = end
        self.error = error
    }
}

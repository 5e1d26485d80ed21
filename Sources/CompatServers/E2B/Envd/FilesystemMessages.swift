import Foundation
import SandboxCore
import SystemPackage

/// The messages of `filesystem.Filesystem`.
enum FilesystemMessages {
    struct PathRequest: Codable, Sendable {
        var path: String?
        var depth: UInt32?
        var recursive: Bool?
    }

    struct MoveRequest: Codable, Sendable {
        var source: String?
        var destination: String?
    }

    struct EntryInfo: Codable, Sendable {
        var name: String
        var type: String
        var path: String
        /// A 64-bit number is a text in proto3's JSON.
        var size: String
        var mode: UInt32
        var permissions: String
        var owner: String
        var group: String
        var modifiedTime: String
        var symlinkTarget: String?
    }

    struct EntryAnswer: Codable, Sendable {
        var entry: EntryInfo
    }

    struct ListAnswer: Codable, Sendable {
        var entries: [EntryInfo]
    }

    struct WatcherRequest: Codable, Sendable {
        var watcherId: String?
    }

    struct WatcherAnswer: Codable, Sendable {
        var watcherId: String
    }

    struct Change: Codable, Sendable {
        var name: String
        var type: String
    }

    struct ChangesAnswer: Codable, Sendable {
        var events: [Change]
    }

    /// What a watch's stream says.
    struct WatchEvent: Codable, Sendable {
        struct Nothing: Codable, Sendable {}
        var start: Nothing?
        var filesystem: Change?
        var keepalive: Nothing?

        static let start = WatchEvent(start: Nothing())
        static let keepalive = WatchEvent(keepalive: Nothing())
    }
}

extension FilesystemMessages.EntryInfo {
    /// `path` is absolute.
    init(_ entry: FileEntry, at path: String, owner: String) {
        let kind: String
        let letter: String
        switch entry.kind {
        case .directory: (kind, letter) = ("FILE_TYPE_DIRECTORY", "d")
        case .symbolicLink: (kind, letter) = ("FILE_TYPE_SYMLINK", "L")
        case .regular: (kind, letter) = ("FILE_TYPE_FILE", "-")
        case .fifo, .socket, .characterDevice, .blockDevice: (kind, letter) = ("FILE_TYPE_UNSPECIFIED", "?")
        }
        self.init(
            name: path.split(separator: "/").last.map(String.init) ?? "/", type: kind, path: path, size: "\(entry.size)",
            mode: entry.mode & 0o777, permissions: letter + PermissionText.bits(entry.mode), owner: entry.userID == 0 ? "root" : owner,
            group: entry.groupID == 0 ? "root" : owner,
            modifiedTime: CompatTime.text(milliseconds: entry.modified / 1_000_000), symlinkTarget: entry.linkTarget?.string)
    }
}

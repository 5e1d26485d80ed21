public import SandboxCore

/// Turns the items of a tree into a tar stream (POSIX pax, so that names of any length and bytes and times to the nanosecond survive).
public struct TarWriter: Sendable {
    private var remaining: UInt64 = 0
    private var padding = 0

    /// Creates a writer.
    public init() {}

    /// The bytes of the next item. Throws `protocolViolation` when contents and entries do not go together.
    public mutating func bytes(of item: TreeItem) throws -> [UInt8] {
        switch item {
        case .entry(let entry):
            guard remaining == 0 else { throw SandboxError(.protocolViolation, "the content of a file in the tree is too short") }
            let isFile = entry.kind == .regular
            remaining = isFile ? entry.size : 0
            padding = isFile ? Self.padding(entry.size) : 0
            return Self.header(entry)
        case .content(let bytes):
            guard UInt64(bytes.count) <= remaining else {
                throw SandboxError(.protocolViolation, "the content of a file in the tree is too long")
            }
            remaining -= UInt64(bytes.count)
            return remaining == 0 && padding > 0 ? bytes + takePadding() : bytes
        case .copy: throw SandboxError(.protocolViolation, "an archive has no file to copy from")
        }
    }

    /// The bytes that end the stream.
    public func end() throws -> [UInt8] {
        guard remaining == 0 else { throw SandboxError(.protocolViolation, "the content of a file in the tree is too short") }
        return [UInt8](repeating: 0, count: 2 * TarBlock.size)
    }

    private mutating func takePadding() -> [UInt8] {
        defer { padding = 0 }
        return [UInt8](repeating: 0, count: padding)
    }

    private static func padding(_ size: UInt64) -> Int { Int((512 - size % 512) % 512) }

    private static func header(_ entry: FileEntry) -> [UInt8] {
        var path = entry.path.bytes
        if entry.kind == .directory { path.append(0x2F) }
        let link = entry.linkTarget?.bytes ?? []
        var records: [UInt8] = []
        if path.count > 100 || path.contains(where: { $0 > 0x7E || $0 < 0x20 }) { records += record("path", path) }
        if link.count > 100 || link.contains(where: { $0 > 0x7E || $0 < 0x20 }) { records += record("linkpath", link) }
        if entry.modified < 0 || entry.modified % 1_000_000_000 != 0 { records += record("mtime", Array(seconds(entry.modified).utf8)) }
        let size = entry.kind == .regular ? entry.size : 0
        if size >= 1 << 33 { records += record("size", Array(String(size).utf8)) }
        if entry.userID >= 1 << 21 { records += record("uid", Array(String(entry.userID).utf8)) }
        if entry.groupID >= 1 << 21 { records += record("gid", Array(String(entry.groupID).utf8)) }
        if entry.kind == .socket { records += record(TarReader.kindKey, Array(entry.kind.rawValue.utf8)) }
        var bytes: [UInt8] = []
        if !records.isEmpty {
            bytes += TarBlock(
                name: Array("PaxHeaders/entry".utf8), mode: 0o644, userID: 0, groupID: 0, size: UInt64(records.count), modified: 0,
                type: UInt8(ascii: "x"), linkName: []
            ).bytes()
            bytes += records + [UInt8](repeating: 0, count: padding(UInt64(records.count)))
        }
        return bytes
            + TarBlock(
                name: path, mode: entry.mode, userID: UInt64(entry.userID), groupID: UInt64(entry.groupID), size: size,
                modified: UInt64(max(0, entry.modified / 1_000_000_000)), type: type(entry.kind), linkName: link
            ).bytes()
    }

    private static func type(_ kind: FileKind) -> UInt8 {
        switch kind {
        case .regular: UInt8(ascii: "0")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo, .socket: UInt8(ascii: "6")
        }
    }

    private static func seconds(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        let fraction = String(magnitude % 1_000_000_000)
        let padded = String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
        return (nanoseconds < 0 ? "-" : "") + "\(magnitude / 1_000_000_000).\(padded)"
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts itself.
    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [0x20] + Array(key.utf8) + [0x3D] + value + [0x0A]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }
}

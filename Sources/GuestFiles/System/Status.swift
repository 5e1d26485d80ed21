internal import Glibc
internal import GuestProtocol

/// What the kernel says about a node.
struct Status {
    private let value: stat

    init(_ value: stat) { self.value = value }

    /// Of a name in a directory, without following it; nil and `errno` when it fails.
    init?(_ name: [UInt8], in directory: Int32 = AT_FDCWD, followsLinks: Bool = false) {
        var value = stat()
        let result = name.withPath { fstatat(directory, $0, &value, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW) }
        guard result == 0 else { return nil }
        self.value = value
    }

    var kind: FileKind { Status.kind(ofMode: value.st_mode) }
    var mode: UInt32 { UInt32(value.st_mode) & 0o7777 }
    var size: Int64 { Int64(value.st_size) }
    var userID: uid_t { value.st_uid }
    var groupID: gid_t { value.st_gid }
    var identity: Identity { Identity(device: UInt64(value.st_dev), inode: UInt64(value.st_ino)) }

    /// Nanoseconds since 1970, within what 64 bits hold.
    var modified: Int64 { Status.nanoseconds(value.st_mtim) }
    var changed: Int64 { Status.nanoseconds(value.st_ctim) }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return time.tv_sec < 0 ? .min : .max }
        return seconds.addingReportingOverflow(Int64(time.tv_nsec)).partialValue
    }

    /// The entry that tells a host about this node.
    func entry(path: [UInt8], linkTarget: [UInt8] = []) -> TreeEntry {
        TreeEntry(
            path: path, kind: kind, mode: mode, size: UInt64(clamping: size), modified: modified, changed: changed,
            userID: value.st_uid, groupID: value.st_gid, inode: UInt64(value.st_ino), linkTarget: linkTarget)
    }

    static func kind(ofMode mode: mode_t) -> FileKind {
        switch mode & S_IFMT {
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        case S_IFIFO: .fifo
        case S_IFSOCK: .socket
        case S_IFCHR: .characterDevice
        case S_IFBLK: .blockDevice
        default: .regular
        }
    }
}

/// Tells nodes apart whatever their names.
struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
}

extension FileKind {
    /// For messages.
    var shown: String {
        switch self {
        case .regular: "a regular file"
        case .directory: "a directory"
        case .symbolicLink: "a symbolic link"
        case .fifo: "a FIFO"
        case .socket: "a socket"
        case .characterDevice: "a character device"
        case .blockDevice: "a block device"
        }
    }
}

/// The target of a symbolic link; nil and `errno` when it cannot be read.
func linkTarget(of name: [UInt8], in directory: Int32 = AT_FDCWD) -> [UInt8]? {
    name.withPath { path in
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: FileLimits.path) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlinkat(directory, path, base, buffer.count)
            guard count >= 0 else { return nil }
            return buffer.prefix(count).map { UInt8(bitPattern: $0) }
        }
    }
}

/// Modification times as the kernel takes them.
enum Times {
    /// Access time left as it is, modification time as given.
    static func pair(_ nanoseconds: Int64) -> [timespec] {
        var seconds = nanoseconds / 1_000_000_000
        var rest = nanoseconds % 1_000_000_000
        if rest < 0 {
            seconds -= 1
            rest += 1_000_000_000
        }
        let omit = (1 << 30) - 2  // UTIME_OMIT
        return [timespec(tv_sec: 0, tv_nsec: omit), timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))]
    }
}

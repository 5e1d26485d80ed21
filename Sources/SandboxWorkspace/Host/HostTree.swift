import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// A directory of the host, and what lies below it. Every path is opened from the root's descriptor without following a link, so nothing that a
/// path says leads outside.
final class HostTree: Sendable {
    let path: FilePath
    let root: OwnedDescriptor
    /// Who owns the root: what a service that runs as root makes in it belongs to the same.
    let owner: (user: uid_t, group: gid_t)
    let device: dev_t

    /// The root itself may be reached over links: the user named it.
    init(_ path: FilePath) throws {
        self.path = path
        root = OwnedDescriptor(Glibc.open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard root.raw >= 0 else {
            throw SandboxError.system("opening the workspace \(path)", errno, remedy: "make the directory, or name another")
        }
        var status = stat()
        guard fstat(root.raw, &status) == 0 else { throw SandboxError.system("looking at the workspace \(path)", errno) }
        owner = (status.st_uid, status.st_gid)
        device = status.st_dev
    }

    /// The folder of a path, opened as a place to work in; nil is the root. Nil and `errno` when it is not there or is no folder.
    func folder(_ path: TreePath?) -> OwnedDescriptor? {
        guard let path else { return try? root.duplicate() }
        return beneath(path.bytes, O_RDONLY | O_DIRECTORY)
    }

    /// The content of a regular file; nil and `errno` when there is none.
    func file(_ path: TreePath) -> OwnedDescriptor? {
        // Without O_NONBLOCK a FIFO in its place would hold us.
        guard let file = beneath(path.bytes, O_RDONLY | O_NONBLOCK) else { return nil }
        guard let status = HostStatus(file.raw), status.isRegular else {
            errno = EINVAL
            return nil
        }
        return file
    }

    /// What is known of a path, links not followed.
    func status(_ path: TreePath) -> HostStatus? {
        guard let folder = folder(path.parent) else { return nil }
        return HostStatus(Array(path.name), in: folder.raw)
    }

    private func beneath(_ path: [UInt8], _ flags: Int32) -> OwnedDescriptor? {
        let resolve = UInt64(0x04 | 0x02 | 0x08)  // RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH
        let raw = path.withCPath { sandlot_openat2(root.raw, $0, flags | O_CLOEXEC | O_NOFOLLOW, 0, resolve) }
        if raw >= 0 { return OwnedDescriptor(raw) }
        return errno == ENOSYS ? stepwise(path, flags) : nil
    }

    /// The same name by name, for kernels without openat2.
    private func stepwise(_ path: [UInt8], _ flags: Int32) -> OwnedDescriptor? {
        var current = root
        let parts = path.split(separator: TreePath.slash)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            let wanted = isLast ? flags : O_RDONLY | O_DIRECTORY
            let raw = Array(part).withCPath { openat(current.raw, $0, wanted | O_CLOEXEC | O_NOFOLLOW) }
            guard raw >= 0 else { return nil }
            current = OwnedDescriptor(raw)
        }
        return current
    }
}

/// What the kernel says about a node of the host.
struct HostStatus: Sendable {
    let kind: mode_t
    let mode: UInt32
    let stamp: FileStamp
    let device: dev_t

    init(_ value: stat) {
        kind = value.st_mode & S_IFMT
        mode = UInt32(value.st_mode) & 0o7777
        stamp = FileStamp(
            size: UInt64(clamping: value.st_size), modified: Self.nanoseconds(value.st_mtim), changed: Self.nanoseconds(value.st_ctim),
            inode: UInt64(value.st_ino))
        device = value.st_dev
    }

    /// Of a name in a folder, not following it; nil and `errno` when it fails.
    init?(_ name: [UInt8], in folder: Int32) {
        var value = stat()
        guard name.withCPath({ fstatat(folder, $0, &value, AT_SYMLINK_NOFOLLOW) }) == 0 else { return nil }
        self.init(value)
    }

    /// Of an open file.
    init?(_ descriptor: Int32) {
        var value = stat()
        guard fstat(descriptor, &value) == 0 else { return nil }
        self.init(value)
    }

    var isRegular: Bool { kind == S_IFREG }
    var isDirectory: Bool { kind == S_IFDIR }
    var isLink: Bool { kind == S_IFLNK }

    /// Nanoseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return time.tv_sec < 0 ? .min : .max }
        return seconds.addingReportingOverflow(Int64(time.tv_nsec)).partialValue
    }
}

extension [UInt8] {
    /// As the kernel wants it.
    func withCPath<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer in
            for index in 0..<count { buffer[index] = CChar(bitPattern: self[index]) }
            buffer[count] = 0
            // The capacity is at least 1, so there is a base address.
            return body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
        }
    }
}

/// The target of a link; nil and `errno` when it cannot be read.
func readLink(_ name: [UInt8], in folder: Int32) -> [UInt8]? {
    name.withCPath { path in
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            let count = readlinkat(folder, path, buffer.baseAddress.unsafelyUnwrapped, buffer.count)
            return count < 0 ? nil : buffer.prefix(count).map { UInt8(bitPattern: $0) }
        }
    }
}

extension timespec {
    /// Access time left as it is, modification time as given: what `futimens` takes.
    static func modified(_ nanoseconds: Int64) -> [timespec] {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let omit = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)  // UTIME_OMIT
        return rest < 0
            ? [omit, timespec(tv_sec: Int(seconds - 1), tv_nsec: Int(rest + 1_000_000_000))]
            : [omit, timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))]
    }
}

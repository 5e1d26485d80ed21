internal import Glibc
internal import GuestProtocol

/// Digests of files that were hashed before, by what tells that they have not changed since: a look at a tree that hardly changed reads little.
///
/// Unchecked: everything mutable is used only inside the monitor.
final class DigestCache: @unchecked Sendable {
    private struct Known {
        var size: UInt64
        var modified: Int64
        var changed: Int64
        var digest: (UInt64, UInt64, UInt64, UInt64)
        var walk: Int
    }

    /// A file that changed less than so long before it was read may change again within the same tick of its times.
    private static let racyTime: Int64 = 2_000_000_000

    private let monitor = Monitor()
    private var known: [Identity: Known] = [:]
    private var walk = 0
    private var isFull = false

    /// A walk begins: what the last one did not meet makes room.
    func begin() {
        monitor.locked {
            walk += 1
            isFull = false
        }
    }

    /// The digest of a file that is as it was when it was hashed.
    func digest(of status: Status) -> [UInt8]? {
        monitor.locked {
            guard let found = known[status.identity], found.size == UInt64(clamping: status.size), found.modified == status.modified,
                found.changed == status.changed
            else { return nil }
            known[status.identity]?.walk = walk
            return withUnsafeBytes(of: found.digest) { Array($0) }
        }
    }

    /// Keeps a digest of a file that had this status before and after it was read, begun at `time`.
    func keep(_ digest: [UInt8], of before: Status, _ after: Status, begunAt time: Int64) {
        guard digest.count == 32, before.identity == after.identity, before.size == after.size, before.modified == after.modified,
            before.changed == after.changed, time - max(after.modified, after.changed) >= Self.racyTime
        else { return }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: digest) }
        monitor.locked {
            if known.count >= FileLimits.knownDigests, known[after.identity] == nil {
                guard !isFull else { return }
                known = known.filter { $0.value.walk >= walk - 1 }
                isFull = known.count >= FileLimits.knownDigests
                if isFull { return }
            }
            known[after.identity] = Known(
                size: UInt64(clamping: after.size), modified: after.modified, changed: after.changed, digest: words, walk: walk)
        }
    }

    /// Nanoseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

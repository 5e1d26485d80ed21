import Glibc
import SandboxCore
import SandboxProcess
public import SystemPackage

/// How a mounted directory was when a session began to work in it: names, kinds, sizes and times. Contents are read only of files that changed so
/// shortly before that their times cannot tell of another change.
public struct MountedSnapshot: Sendable, Equatable {
    /// Looking at more would keep a session waiting.
    private static let most = 200_000

    /// Nanoseconds since 1970.
    public let takenAt: Int64
    private let index: BaseIndex

    /// Looks at a directory. Throws `limitExceeded` when too much is in it.
    public static func take(of directory: FilePath) async throws -> MountedSnapshot {
        let takenAt = HostStatus.now()
        let entries = try await scan(directory, BaseIndex()).entries
        return MountedSnapshot(
            takenAt: takenAt,
            index: BaseIndex(
                entries.compactMap { entry in
                    guard let node = entry.node else { return nil }
                    var known = BaseEntry(entry.path, node)
                    if entry.isSettled { known.hostStamp = entry.stamp }
                    return known
                }))
    }

    /// What is different in the directory by now.
    public func compare(_ directory: FilePath) async throws -> SyncReport {
        let scan = try await Self.scan(directory, index)
        var report = SyncReport()
        report.since = takenAt
        report.ignored = scan.ignored
        report.readFiles = scan.hashedFiles
        report.readBytes = scan.hashedBytes
        func note(_ path: TreePath, _ old: TreeNode?, _ new: TreeNode?) {
            guard let change = NodeChange(from: old, to: new) else { return report.total += 1 }
            report.changes.append(
                .init(path: path, side: .host, change: change, kind: (new ?? old)?.kindName ?? "file", size: new?.size ?? 0))
        }
        var (now, before) = (scan.entries[...], index.entries[...])
        while let path = [now.first?.path, before.first?.path].compactMap({ $0 }).min() {
            let entry = now.first?.path == path ? now.popFirst() : nil
            let known = before.first?.path == path ? before.popFirst() : nil
            if let entry, case .held(let reason) = entry.state {
                report.refused.append(.init(path: path, reason: reason))
            } else {
                note(path, known?.node, entry?.node)
            }
        }
        return report
    }

    private static func scan(_ directory: FilePath, _ base: BaseIndex) async throws -> HostScan {
        let tree = try HostTree(directory)
        return try await WorkThread.run { stop in
            var scanner = HostScanner(
                tree, WorkspaceSync(directory: directory), base: base, stop: stop, content: .ifTimesMislead(most: most))
            return try scanner.run()
        }
    }

    // MARK: On disk

    /// Reads a snapshot; nil when there is none.
    public static func read(_ path: FilePath) throws -> MountedSnapshot? {
        guard let bytes = try HostDirectory.contents(path, limit: 256 << 20), bytes.count > 8 else { return nil }
        let takenAt = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return MountedSnapshot(takenAt: Int64(bitPattern: takenAt), index: try BaseIndex(decoding: Array(bytes.dropFirst(8))))
    }

    /// Keeps it in a file, whose folder need not exist.
    public func write(_ path: FilePath) throws {
        try HostDirectory.ensure(path.removingLastComponent(), mode: 0o700)
        let time = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(bitPattern: takenAt) >> (56 - 8 * $0)) }
        // The sandbox that it is about does not outlive the machine either.
        try HostDirectory.replace(path, with: time + index.encoded(), survivesPowerLoss: false)
    }

    /// Removes the file, and its folder when nothing else is in it.
    public static func forget(_ path: FilePath) {
        unlink(path.string)
        rmdir(path.removingLastComponent().string)
    }
}

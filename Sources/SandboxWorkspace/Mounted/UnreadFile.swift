import SandboxCore

/// Which files a look at a tree reads.
enum ContentLook: Sendable {
    case always
    /// Only those whose times do not tell whether they changed, in a tree of at most so many nodes.
    case ifTimesMislead(most: Int)
}

/// Files that are told apart by their times, without being read.
enum UnreadFile {
    private static let untouched = ContentDigest(words: (0, 0, 0, 0))
    private static let changed = ContentDigest(words: (.max, .max, .max, .max))

    /// What a file is, seen against what is known of it; nil when only its content can tell.
    static func node(_ known: BaseEntry?, _ status: HostStatus) -> TreeNode? {
        let (stamp, mode) = (status.stamp, UInt16(status.mode & TreeNode.modeMask))
        guard case .file? = known?.node else {
            let isSettled = HostStatus.now() - max(stamp.modified, stamp.changed) >= HostScanner.racyTime
            return isSettled ? .file(digest: untouched, size: stamp.size, mode: mode) : nil
        }
        // Whoever edits a file can give it back all but the time of its last change: so nothing else tells that only the mode is another.
        return known?.hostStamp == nil ? nil : .file(digest: changed, size: stamp.size, mode: mode)
    }

    static func tooMany(_ most: Int) -> SandboxError {
        SandboxError(.limitExceeded, "the workspace has more than \(most) files and folders", remedy: "mount a smaller directory")
    }
}

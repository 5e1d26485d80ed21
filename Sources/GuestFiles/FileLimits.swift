internal import GuestProtocol

/// What one call may use. A request beyond a limit is cut with a mark (`more`, `truncated`) where the answer has one, else refused.
public enum FileLimits {
    /// Requests that a pool keeps waiting; the next is answered `limitExceeded`.
    public static let waitingRequests = 4096
    /// Streams, watches and tree transfers at the same time; each has a thread of its own.
    public static let longLivedRequests = 64
    /// Messages of one stream that wait for the loop; a sender blocks at this number, a watch reports an overflow.
    public static let waitingMessages = 4096

    /// Bytes of content in one frame.
    public static let content = Frame.maximumContent
    /// About how many encoded bytes of entries or matches one response holds; stays below `Frame.maximumPayload`.
    public static let responseBytes = 900 << 10
    /// Entries of one page of `list`, results of one `glob`, matches of one `grep`. A request for 0 or for more means this number.
    public static let results = 10_000

    /// Bytes of a path that is handed to the kernel in one piece (PATH_MAX with its NUL).
    public static let path = 4096
    /// Bytes of a relative path in a tree stream; longer ones are refused.
    public static let treePath = 64 << 10
    /// Bytes of a symbolic link's target.
    public static let linkTarget = 4095
    /// Symbolic links followed at the end of a path that is written to.
    public static let linksFollowed = 40
    /// Descriptors that one walk keeps open for the directories above the current one.
    public static let openDirectories = 48

    /// Bytes of a glob or grep pattern.
    public static let pattern = 4096
    /// Alternatives that the braces of one glob may stand for.
    public static let alternatives = 1024
    /// Groups of one regular expression; the C library's stack grows with them.
    public static let groups = 250
    /// Product of the upper bounds of all intervals (`{n,m}`) of a regular expression; the C library's memory grows with it.
    public static let intervalProduct = 255
    /// Bytes of a line that a regular expression looks at, and after which its cached states are thrown away.
    public static let expressionLine = 64 << 10
    /// Bytes of an expression without intervals, and of a line, that are matched by trying every start anew; and the bytes so looked at after
    /// which the cached states are thrown away.
    public static let smallExpression = 64
    public static let shortLine = 256
    public static let repeatedWork = 256 << 10
    /// Bytes at the start of a file in which a NUL makes it binary.
    public static let binaryProbe = 8 << 10
    /// Bytes of a line that a grep for text looks at; the rest of a longer line is skipped.
    public static let line = 1 << 20
    /// Bytes of a line in a match.
    public static let matchText = 4096
    /// Lines of context on each side of a match.
    public static let contextLines = 100

    /// Bytes of content that a host may send ahead of an import: many small files, so that neither side waits for the other at each.
    public static let importWindow = 4 << 20

    /// Threads that write the small files of one import, and files that wait for them.
    public static let writingThreads = 4
    public static let waitingFiles = 512

    /// Directories of one watch.
    public static let watches = 8192

    /// Files and bytes that a hashing thread takes at a time, and batches under way.
    public static let batchFiles = 32
    public static let batchBytes = 8 << 20
    public static let batches = 6
    /// Digests that are remembered; each takes about 100 bytes.
    public static let knownDigests = 100_000
    /// Threads that look at the folders of one tree, and bytes of records that wait for the host.
    public static let walkingThreads = 4
    public static let digestRecords = 256 << 10
    /// Hashing threads of one manifest.
    public static let hashingThreads = 4
}

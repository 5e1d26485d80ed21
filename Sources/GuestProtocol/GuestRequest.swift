/// What a host asks of the guest; each opens a stream of its own. All paths are absolute.
///
/// Answers: `.response` for the plain ones; the streaming ones are described case by case. Any of them may be answered by `.failure` instead.
public enum GuestRequest: Equatable, Sendable {
    /// Response `started`, then `output` and one `ended`. The stream stays open for input, acknowledgements and signals.
    case startExec(ExecStart)
    /// As `startExec` from the offsets given (for a terminal the first counts). The earlier subscriber gets `superseded`. A `.stall` exec
    /// treats the offsets as acknowledged.
    case attachExec(id: String, standardOutput: UInt64, standardError: UInt64)
    /// Response `execs`.
    case listExecs
    /// Response `done`; `wholeTree` signals every process of the exec, else the leader.
    case signalExec(id: String, signal: Int32, wholeTree: Bool)
    /// SIGTERM, grace, SIGKILL to the whole tree; response `done` at once, the end comes on the exec's stream.
    case cancelExec(id: String)
    /// Drops an ended exec and its rings; response `done`. A running one is refused.
    case forgetExec(id: String)

    /// Response `data`; at most `Frame.maximumContent` bytes.
    case readFile(path: [UInt8], offset: UInt64, length: UInt32)
    /// Response `done`; content of at most `Frame.maximumContent` bytes.
    case writeFile(path: [UInt8], options: WriteOptions, content: [UInt8])
    /// `chunk`s under the host's credit, then `streamEnd`. `length` nil: to the end of the file.
    case readStream(path: [UInt8], offset: UInt64, length: UInt64?)
    /// Response `done` when ready; then the host's `chunk`s under the guest's credit; the host's `streamEnd` commits and is answered by `streamEnd`.
    case writeStream(path: [UInt8], options: WriteOptions)
    /// Response `entry`.
    case stat(path: [UInt8], followsLinks: Bool)
    /// Response `entries`: sorted by name bytes, those after `cursor`; `more` tells whether there are others. Entry paths are names.
    case list(path: [UInt8], cursor: [UInt8], limit: UInt32)
    /// Response `done`. With `parents`, an existing directory is fine.
    case makeDirectory(path: [UInt8], mode: UInt32, parents: Bool)
    /// Response `done`. A missing path is `notFound`.
    case remove(path: [UInt8], recursive: Bool)
    /// Response `done`. Without `overwrite` a taken target is `alreadyExists`.
    case move(from: [UInt8], to: [UInt8], overwrite: Bool)
    /// Response `done`.
    case makeSymbolicLink(path: [UInt8], target: [UInt8])
    /// Response `done`.
    case changeMode(path: [UInt8], mode: UInt32)
    /// Response `entries` (paths absolute), sorted; `**` crosses folders.
    case glob(root: [UInt8], pattern: [UInt8], limit: UInt32, includesHidden: Bool)
    /// Response `matches`.
    case grep(GrepQuery)
    /// Response `done` when the watch is set; then `watch` events until the host closes the stream.
    case watch(path: [UInt8], recursive: Bool)
    /// `treeEntry` for every node below the root (sorted by path bytes, parents first), then `streamEnd`. `digests` fills them for regular files.
    case manifest(root: [UInt8], digests: Bool)
    /// `treeEntry` and, after a regular file's, its `chunk`s (exactly `size` bytes), then `streamEnd`; under the host's credit. Empty `paths`: everything.
    case exportTree(root: [UInt8], paths: [[UInt8]])
    /// Response `done` when ready; then the host sends `treeEntry`, `chunk`s and `streamEnd` (answered by `streamEnd`) under the guest's credit.
    /// Nothing is written outside the root, whatever the entries say.
    case importTree(root: [UInt8])

    /// `chunk`s under the host's credit, then `streamEnd`: for every piece of the file, as its content divides it, its length (4 bytes, the lowest
    /// first) and its SHA-256. With the capability `chunks`.
    case fileChunks(path: [UInt8])
    /// Response `done`. Removes a node that is no filled directory if it still has this change time and inode; else `alreadyExists`. With the
    /// capability `chunks`.
    case removeNode(path: [UInt8], changed: Int64, inode: UInt64)
    /// `chunk`s under the host's credit, then `streamEnd`: for the root and every folder below it, in no order, the length of its path from the
    /// root (4 bytes, the lowest first), the path, and a SHA-256 of what a manifest tells of the nodes directly in it, as `sandlot_listing_digest_add`
    /// makes it. With the capability `folders`.
    case folderDigests(root: [UInt8])
    /// `treeEntry` for every node directly in one of the folders, whose paths are relative to the root (empty is the root itself), then
    /// `streamEnd`; under the host's credit. Folders that are gone are left out. With the capability `folders`.
    case folderEntries(root: [UInt8], folders: [[UInt8]])
    /// As `importTree`; besides, the guest sends `chunk`s under the host's credit: for every regular file that has its name and is what the host
    /// sent, the number of its entry among those of the import (4 bytes, the lowest first, from 0), its change time and its inode (8 bytes
    /// each). With the capability `stamps`.
    case importTellingStamps(root: [UInt8])
    /// Kills everything within `grace` milliseconds and ends the guest; response `done` comes when nothing is left.
    case shutdown(grace: UInt32)
}

/// The plain answers.
public enum GuestResponse: Equatable, Sendable {
    case done
    case started(pid: Int32)
    case execs([ExecStatus])
    /// `endOfFile` is true when the last byte returned is the file's last.
    case data(bytes: [UInt8], endOfFile: Bool)
    case entry(TreeEntry)
    case entries([TreeEntry], more: Bool)
    case matches([GrepMatch], truncated: Bool)
}

internal import Glibc
internal import GuestProtocol

/// Some entries of a manifest in order, with what is needed to hash those that are files.
///
/// Unchecked: it has one owner at a time. The walk fills it, a crew thread hashes, the walk sends; the crew's monitor hands it over.
final class HashBatch: @unchecked Sendable {
    fileprivate var entries: [TreeEntry?] = []
    fileprivate var isDone = false
    private var files: [(index: Int, name: [UInt8], directory: Descriptor)] = []
    private var bytes: UInt64 = 0

    var isFull: Bool {
        files.count >= FileLimits.batchFiles || entries.count >= 16 * FileLimits.batchFiles || bytes >= UInt64(FileLimits.batchBytes)
    }

    func append(_ entry: TreeEntry, _ file: TreeWalker.Node?) {
        if let file {
            files.append((entries.count, file.name, file.directory))
            bytes &+= entry.size
        }
        entries.append(entry)
    }

    fileprivate var hasFiles: Bool { !files.isEmpty }

    fileprivate func hash(scratch: UnsafeMutableRawBufferPointer, _ known: DigestCache, isStopped: () -> Bool) {
        for (index, name, directory) in files {
            if isStopped() { break }
            guard let file = Descriptor.open(name, in: directory.number, flags: OpenFlag.content | O_NOFOLLOW) else {
                if errno == ENOENT { entries[index] = nil }
                continue
            }
            if let size = entries[index]?.size, size > UInt64(scratch.count) { posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL) }
            // What the walk saw may have become a FIFO or a directory since.
            let begun = DigestCache.now()
            guard let before = try? file.status([]), before.kind == .regular,
                let (digest, size) = ContentHash.of(file, scratch: scratch, isStopped: isStopped)
            else { continue }
            entries[index]?.digest = digest
            entries[index]?.size = size
            if let after = try? file.status([]) { known.keep(digest, of: before, after, begunAt: begun) }
        }
        files = []
    }
}

/// A few threads that hash batches; the results come back in the order of submission. Used by one walk.
///
/// Unchecked: everything mutable is used only inside `monitor`, except `pending`, which only the walk's thread uses.
final class HashingCrew: @unchecked Sendable {
    private let monitor = Monitor()
    private let changed = Condition()
    private var work: [HashBatch] = []
    private var threads = 0
    private var isStopped = false
    private var pending: [HashBatch] = []
    private let conversation: Conversation
    private let known: DigestCache

    init(for conversation: Conversation, _ known: DigestCache) {
        self.conversation = conversation
        self.known = known
    }

    /// Takes a batch, and sends what is ready; waits while too many batches are under way.
    func submit(_ batch: HashBatch, _ send: (TreeEntry) throws -> Void) throws {
        pending.append(batch)
        let isAlone = monitor.locked {
            guard batch.hasFiles else {
                batch.isDone = true
                return false
            }
            if threads < min(FileLimits.hashingThreads, Thread.processors), Thread.start({ self.serve() }) { threads += 1 }
            work.append(batch)
            changed.broadcast()
            return threads == 0
        }
        if isAlone { serveHere() }
        while let first = pending.first, monitor.locked({ first.isDone }) { try sendFirst(first, send) }
        while pending.count >= FileLimits.batches, let first = pending.first { try sendFirst(first, send) }
    }

    /// Sends what is left.
    func finish(_ send: (TreeEntry) throws -> Void) throws {
        while let first = pending.first { try sendFirst(first, send) }
    }

    /// The threads end after the file that they are reading.
    func stop() {
        monitor.locked {
            isStopped = true
            work = []
            changed.broadcast()
        }
    }

    private func sendFirst(_ batch: HashBatch, _ send: (TreeEntry) throws -> Void) throws {
        monitor.locked {
            while !batch.isDone { changed.wait(in: monitor) }
        }
        pending.removeFirst()
        for case let entry? in batch.entries { try send(entry) }
    }

    private func serve() {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: FileLimits.content, alignment: 4096)
        defer { scratch.deallocate() }
        while let batch = next(waits: true) { hash(batch, scratch) }
    }

    /// No thread could be had: the walk's own does the work.
    private func serveHere() {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: FileLimits.content, alignment: 4096)
        defer { scratch.deallocate() }
        while let batch = next(waits: false) { hash(batch, scratch) }
    }

    private func hash(_ batch: HashBatch, _ scratch: UnsafeMutableRawBufferPointer) {
        batch.hash(scratch: scratch, known) { conversation.isStopped || monitor.locked { isStopped } }
        monitor.locked {
            batch.isDone = true
            changed.broadcast()
        }
    }

    private func next(waits: Bool) -> HashBatch? {
        monitor.locked {
            while waits, !isStopped, work.isEmpty { changed.wait(in: monitor) }
            return isStopped || work.isEmpty ? nil : work.removeFirst()
        }
    }
}

internal import Glibc
internal import GuestProtocol

/// Looks at every folder of a tree, on a few threads, and tells a digest of each: a host that knows them all needs no manifest.
///
/// Unchecked: everything mutable is used only inside `monitor`.
final class FolderDigests: @unchecked Sendable {
    private let monitor = Monitor()
    private let changed = Condition()
    private let root: Descriptor
    private let label: [UInt8]
    /// Folders that nobody has looked at, by their paths from the root. The last comes first, so that few wait at a time.
    private var waiting: [[UInt8]] = [[]]
    /// How many are being looked at.
    private var underWay = 0
    private var records: [UInt8] = []
    private var failure: (any Error)?
    private var isStopped = false

    static func send(_ path: [UInt8], to conversation: Conversation) throws {
        let walk = FolderDigests(try Paths.openRoot(path), path)
        defer { walk.stop() }
        // This thread works too, and alone when no other can be had.
        for _ in 1..<max(2, min(FileLimits.walkingThreads, Thread.processors)) where !Thread.start({ walk.work(isHelper: true) }) { break }
        walk.work(isHelper: false) { try conversation.send(content: $0) }
        if let failure = walk.failure { throw failure }
    }

    private init(_ root: Descriptor, _ label: [UInt8]) {
        self.root = root
        self.label = label
    }

    private func stop() {
        monitor.locked {
            isStopped = true
            changed.broadcast()
        }
    }

    /// Looks at folders until there are none; `send` takes the records now and then.
    private func work(isHelper: Bool, _ send: (([UInt8]) throws -> Void)? = nil) {
        let listing = FolderListing()
        while let folder = next(isHelper: isHelper) {
            let found = Result { try look(at: folder, listing) }
            monitor.locked {
                underWay -= 1
                switch found {
                case .success(let folders?):
                    waiting += folders
                    records += Self.record(folder, listing.digest)
                case .success(nil): break
                case .failure(let error): fail(error)
                }
                changed.broadcast()
            }
            if let send { handOver(atLeast: FileLimits.digestRecords / 4, send) }
        }
        if let send { handOver(atLeast: 1, send) }
    }

    private func handOver(atLeast count: Int, _ send: ([UInt8]) throws -> Void) {
        let taken = monitor.locked { () -> [UInt8] in
            guard records.count >= count, failure == nil else { return [] }
            defer { records = [] }
            return records
        }
        guard !taken.isEmpty else { return }
        do {
            try send(taken)
        } catch {
            monitor.locked { fail(error) }
        }
        monitor.locked { changed.broadcast() }
    }

    private func fail(_ error: any Error) {
        if failure == nil { failure = error }
        isStopped = true
    }

    /// Waits for a folder; nil when there is none any more.
    private func next(isHelper: Bool) -> [UInt8]? {
        monitor.locked {
            while !isStopped {
                let isBehind = isHelper && records.count >= FileLimits.digestRecords
                if !isBehind, let folder = waiting.popLast() {
                    underWay += 1
                    return folder
                }
                if waiting.isEmpty, underWay == 0 { return nil }
                changed.wait(in: monitor)
            }
            return nil
        }
    }

    /// The folders in a folder; nil when it is gone.
    private func look(at folder: [UInt8], _ listing: FolderListing) throws -> [[UInt8]]? {
        guard let directory = try Self.open(folder, in: root, label) else { return nil }
        try listing.read(directory, label.appending(name: folder))
        var folders: [[UInt8]] = []
        for index in 0..<listing.count where listing.isDirectory(index) {
            folders.append(folder.appending(name: Array(listing.name(index))))
        }
        return folders
    }

    /// Nil when it is gone, or is something else by now.
    static func open(_ folder: [UInt8], in root: Descriptor, _ label: [UInt8]) throws -> Descriptor? {
        let names = folder.isEmpty ? [.dot] : try Paths.components(ofRelative: folder).get()
        if let open = Descriptor.openBeneath(names[...], in: root, flags: O_RDONLY | O_DIRECTORY) { return open }
        if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return nil }
        throw GuestFailure.last("open the directory", label.appending(name: folder))
    }

    private static func record(_ folder: [UInt8], _ digest: [UInt8]) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: folder.count >> $0) } + folder + digest
    }
}

/// Tells what lies directly in some folders.
enum FolderEntries {
    static func send(_ path: [UInt8], folders: [[UInt8]], to conversation: Conversation) throws {
        let root = try Paths.openRoot(path)
        let listing = FolderListing()
        for folder in folders {
            let opened: Descriptor?
            do {
                opened = try FolderDigests.open(folder, in: root, path)
            } catch let refusal as Refusal {
                throw GuestFailure.invalid("cannot look at a folder: \(refusal.reason)", folder)
            }
            guard let opened else { continue }
            try listing.read(opened, path.appending(name: folder))
            for index in 0..<listing.count {
                guard let entry = listing.entry(index, path: folder.appending(name: Array(listing.name(index)))) else { continue }
                try conversation.send(entry)
            }
        }
    }
}

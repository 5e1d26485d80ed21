internal import Glibc
internal import GuestProtocol

/// Receives a tree. An entry that cannot be taken is answered by `refused`, its content is skipped, and the others go on; a breach of the
/// protocol (content that nobody announced, more or less of it than announced) and an error that concerns everything end the import. Files that are
/// complete stay then; a file that was on its way leaves nothing.
///
/// Small files are written by a crew of threads; what depends on the order of entries waits for it.
final class Importing {
    /// The file whose content is expected.
    private struct Current {
        let entry: TreeEntry
        let number: UInt32
        /// Nil when it was refused and its content is skipped.
        var place: FileWriting.Place?
        /// Nil until something of its content is there.
        var file: FileWriting.OpenFile?
        var rest: UInt64
    }

    private let conversation: Conversation
    private let writer: TreeWriter
    private let crew = WritingCrew()
    private let stamps: StampRecords?
    private var current: Current?
    private var number: UInt32 = 0
    private var previous: TreeEntry?

    static func receive(_ path: [UInt8], tellsStamps: Bool, from conversation: Conversation) throws {
        let root = try Paths.openRoot(path, readable: false)
        conversation.widen(by: FileLimits.importWindow - Int(InitialCredit.toGuest))
        try conversation.send(.response(.done))
        let work = Importing(root, path, tellsStamps: tellsStamps, conversation)
        do {
            while try work.take(try conversation.receive()) {}
            try work.finish()
        } catch {
            work.giveUp()
            throw error
        }
    }

    private init(_ root: Descriptor, _ path: [UInt8], tellsStamps: Bool, _ conversation: Conversation) {
        self.conversation = conversation
        stamps = tellsStamps ? StampRecords() : nil
        // The host is gone when it cannot be told.
        writer = TreeWriter(root: root, label: path) { try? conversation.send(.refused(path: $0, reason: $1)) }
    }

    /// False at the end.
    private func take(_ incoming: Incoming) throws -> Bool {
        switch (incoming, current) {
        case (.end, nil): return false
        case (.entry(let entry), nil): try take(entry)
        case (.chunk, nil), (.copy, nil):
            throw GuestFailure.invalid("the host sent content that belongs to no file", writer.label)
        case (.entry, let expected?), (.end, let expected?):
            throw GuestFailure.invalid("\(expected.rest) bytes of a file are missing", expected.entry.path)
        case (.chunk(let bytes), _?):
            try count(UInt64(bytes.count))
            if current?.file == nil, current?.rest == 0 {
                try write(bytes)
            } else {
                try onOpenFile { _, file in try file.file.write(bytes) }
            }
            try closeIfComplete()
        case (.copy(let offset, let length), _?):
            try count(length)
            try onOpenFile { [conversation] writing, file in
                try writing.copy(offset, length, to: &file) { try conversation.checkStopped() }
            }
            try closeIfComplete()
        }
        try stamps?.send(atLeast: 400, to: conversation)
        return true
    }

    private func take(_ entry: TreeEntry) throws {
        defer { number &+= 1 }
        if let previous, !Self.isIndependent(entry, of: previous) { try crew.wait() }
        previous = entry
        guard entry.kind == .regular else { return try refusing(entry.path) { try writer.make(entry) } }
        var place: FileWriting.Place?
        try refusing(entry.path) { place = try writer.place(entry) }
        current = Current(entry: entry, number: number, place: place, rest: entry.size)
        if entry.size == 0 {
            try write([])
            current = nil
        }
    }

    /// In the order of a tree no entry needs the one before, unless that is a file where a folder is wanted.
    private static func isIndependent(_ entry: TreeEntry, of previous: TreeEntry) -> Bool {
        guard Paths.precedes(previous.path, entry.path) else { return false }
        let isBelow =
            entry.path.count > previous.path.count && entry.path[previous.path.count] == slash && entry.path.starts(with: previous.path)
        return !isBelow || previous.kind == .directory
    }

    private func count(_ bytes: UInt64) throws {
        guard let expected = current, bytes <= expected.rest else {
            throw GuestFailure.invalid("there is more content than the file's size", current?.entry.path ?? [])
        }
        current?.rest -= bytes
    }

    /// A whole file that came at once.
    private func write(_ content: [UInt8]) throws {
        guard let current, let place = current.place else { return }
        let (number, writing, stamps, conversation) = (current.number, writer.writing, stamps, conversation)
        place.folder.hold()
        self.current?.place = nil
        try crew.submit(content.count) {
            defer { place.folder.letGo { try? conversation.send(.refused(path: $0, reason: $1)) } }
            do {
                let file = try writing.begin(place)
                try file.file.write(content)
                try writing.commit(file)
                stamps?.add(file, number)
            } catch let refusal as Refusal {
                try conversation.send(.refused(path: place.entry.path, reason: refusal.reason))
            }
        }
    }

    /// Of a file that comes in pieces.
    private func onOpenFile(_ body: (FileWriting, inout FileWriting.OpenFile) throws -> Void) throws {
        guard let place = current?.place else { return }
        var isTaken = false
        try refusing(place.entry.path) {
            var file = try current?.file ?? writer.writing.begin(place)
            current?.file = nil
            try body(writer.writing, &file)
            current?.file = file
            isTaken = true
        }
        if !isTaken { current?.place = nil }
    }

    private func closeIfComplete() throws {
        guard current?.rest == 0 else { return }
        if let file = current?.file {
            let number = current?.number ?? 0
            try refusing(file.entry.path) {
                try writer.writing.commit(file)
                stamps?.add(file, number)
            }
        }
        current = nil
    }

    private func finish() throws {
        try crew.wait()
        crew.end()
        writer.finish()
        try stamps?.send(atLeast: 1, to: conversation)
    }

    private func giveUp() {
        // Before its folder is named.
        current = nil
        crew.end()
        writer.finish()
    }

    private func refusing(_ path: [UInt8], _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let refusal as Refusal {
            try conversation.send(.refused(path: path, reason: refusal.reason))
        }
    }
}

/// What tells that the files of an import are still what was written, on its way to the host.
///
/// Unchecked: everything mutable is used only inside the monitor.
final class StampRecords: @unchecked Sendable {
    private let monitor = Monitor()
    private var records: [UInt8] = []
    private var count = 0

    /// Somebody may have written to the file since it has its name: its size or time is another then, and it is not told.
    func add(_ open: FileWriting.OpenFile, _ number: UInt32) {
        guard let status = open.file.status, status.size == Int64(clamping: open.entry.size), status.modified == open.entry.modified else {
            return
        }
        monitor.locked {
            count += 1
            append(UInt64(number), bytes: 4)
            append(UInt64(bitPattern: status.changed), bytes: 8)
            append(status.identity.inode, bytes: 8)
        }
    }

    private func append(_ value: UInt64, bytes: Int) {
        for byte in 0..<bytes { records.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))) }
    }

    /// Only the import's own thread sends, so that a record is never cut by another.
    func send(atLeast enough: Int, to conversation: Conversation) throws {
        let taken = monitor.locked { () -> [UInt8] in
            guard count >= enough else { return [] }
            defer { (records, count) = ([], 0) }
            return records
        }
        if !taken.isEmpty { try conversation.send(content: taken) }
    }
}

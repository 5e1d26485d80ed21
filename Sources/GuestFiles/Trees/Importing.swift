internal import Glibc
internal import GuestProtocol

/// Receives a tree. An entry that cannot be taken is answered by `refused`, its content is skipped, and the others go on; a breach of the
/// protocol (content that nobody announced, more or less of it than announced) and an error that concerns everything end the import. Files that are
/// complete stay then; a file that was on its way leaves nothing.
enum Importing {
    static func receive(_ path: [UInt8], tellsStamps: Bool, from conversation: Conversation) throws {
        let root = try Paths.openRoot(path, readable: false)
        let writer = TreeWriter(root: root, label: path)
        defer { writer.finish() }
        conversation.widen(by: FileLimits.importWindow - Int(InitialCredit.toGuest))
        try conversation.send(.response(.done))
        var stamps = StampRecords(isWanted: tellsStamps)
        var number: UInt32 = 0

        /// The file whose content is expected: nil inside when it was refused and its content is skipped.
        var current: (file: TreeWriter.OpenFile?, number: UInt32, path: [UInt8], rest: UInt64)?
        while true {
            let incoming = try conversation.receive()
            if let expected = current {
                let count: UInt64
                switch incoming {
                case .chunk(let bytes): count = UInt64(bytes.count)
                case .copy(_, let length): count = length
                case .entry, .end: throw GuestFailure.invalid("\(expected.rest) bytes of a file are missing", expected.path)
                }
                guard count <= expected.rest else {
                    throw GuestFailure.invalid("there is more content than the file's size", expected.path)
                }
                if var file = expected.file {
                    if case .chunk(let bytes) = incoming { try file.file.write(bytes) }
                    if case .copy(let offset, let length) = incoming {
                        var isCopied = false
                        try refusing(file.entry, conversation) {
                            try writer.copy(offset, length, to: &file) { try conversation.checkStopped() }
                            isCopied = true
                        }
                        current?.file = isCopied ? file : nil
                    }
                }
                current?.rest -= count
                if current?.rest == 0 {
                    if let file = current?.file {
                        try refusing(file.entry, conversation) {
                            try writer.commit(file)
                            stamps.add(file, expected.number)
                        }
                    }
                    current = nil
                    try stamps.send(atLeast: 400, to: conversation)
                }
                continue
            }
            switch incoming {
            case .end: return try stamps.send(atLeast: 1, to: conversation)
            case .chunk, .copy: throw GuestFailure.invalid("the host sent content that belongs to no file", path)
            case .entry(let entry):
                defer { number &+= 1 }
                guard entry.kind == .regular else {
                    try refusing(entry, conversation) { try writer.make(entry) }
                    continue
                }
                var file: TreeWriter.OpenFile?
                try refusing(entry, conversation) { file = try writer.begin(entry) }
                if entry.size > 0 {
                    current = (file, number, entry.path, entry.size)
                } else if let file {
                    try refusing(entry, conversation) {
                        try writer.commit(file)
                        stamps.add(file, number)
                    }
                }
            }
        }
    }

    private static func refusing(_ entry: TreeEntry, _ conversation: Conversation, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let refusal as Refusal {
            try conversation.send(.refused(path: entry.path, reason: refusal.reason))
        }
    }
}

/// What tells that the files of an import are still what was written, on its way to the host.
private struct StampRecords {
    let isWanted: Bool
    private var records: [UInt8] = []
    private var count = 0

    init(isWanted: Bool) { self.isWanted = isWanted }

    /// Somebody may have written to the file since it has its name: its size or time is another then, and it is not told.
    mutating func add(_ open: TreeWriter.OpenFile, _ number: UInt32) {
        guard isWanted, let status = open.file.status, status.size == Int64(clamping: open.entry.size),
            status.modified == open.entry.modified
        else { return }
        for value in [UInt64(number), UInt64(bitPattern: status.changed), status.identity.inode].enumerated() {
            for byte in 0..<(value.offset == 0 ? 4 : 8) { records.append(UInt8(truncatingIfNeeded: value.element >> (8 * byte))) }
        }
        count += 1
    }

    mutating func send(atLeast enough: Int, to conversation: Conversation) throws {
        guard count >= enough else { return }
        try conversation.send(content: records)
        records = []
        count = 0
    }
}

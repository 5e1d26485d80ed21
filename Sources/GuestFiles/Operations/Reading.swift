internal import Glibc
internal import GuestProtocol

/// Reading content. Only regular files (those of /proc and /sys included, whose size is 0) are read: a FIFO could block for ever, and a device
/// may do something when it is opened.
enum Reading {
    static func part(of path: [UInt8], offset: UInt64, length: UInt32) throws -> GuestResponse {
        let file = try open(path)
        guard let start = Int64(exactly: offset) else { throw GuestFailure.invalid("the offset is beyond any file", path) }
        let bytes = try file.read(min(Int(length), FileLimits.content), at: start, path)
        let (next, overflow) = start.addingReportingOverflow(Int64(bytes.count))
        guard !overflow else { return .data(bytes: bytes, endOfFile: true) }
        let endOfFile = try file.read(1, at: next, path).isEmpty
        return .data(bytes: bytes, endOfFile: endOfFile)
    }

    static func stream(_ path: [UInt8], offset: UInt64, length: UInt64?, to conversation: Conversation) throws {
        let file = try open(path)
        guard var position = Int64(exactly: offset) else { throw GuestFailure.invalid("the offset is beyond any file", path) }
        var rest = length ?? .max
        posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
        while rest > 0 {
            let granted = try conversation.takeCredit(upTo: Int(min(rest, UInt64(FileLimits.content))))
            let bytes = try file.read(granted, at: position, path)
            conversation.returnCredit(granted - bytes.count)
            if bytes.isEmpty { break }
            position += Int64(bytes.count)
            rest -= UInt64(bytes.count)
            try conversation.send(.chunk(bytes))
        }
    }

    static func open(_ path: [UInt8]) throws -> Descriptor {
        try Paths.check(path)
        // Looked at before it is opened: opening a FIFO lets its writer go on, opening a device may act.
        guard let before = Status(path, followsLinks: true) else { throw GuestFailure.last("open to read", path) }
        try require(regular: before, path)
        guard let file = Descriptor.open(path, flags: OpenFlag.content) else { throw GuestFailure.last("open to read", path) }
        try require(regular: try file.status(path), path)
        return file
    }

    /// Refuses what has no content of its own.
    static func require(regular status: Status, _ path: [UInt8]) throws {
        switch status.kind {
        case .regular: return
        case .directory: throw GuestFailure(.isDirectory, errno: EISDIR, message: "it is a directory", path: path)
        default: throw GuestFailure.invalid("it is \(status.kind.shown); only regular files have content", path)
        }
    }
}

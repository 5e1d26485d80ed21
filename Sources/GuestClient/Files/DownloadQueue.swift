import GuestProtocol
import SandboxCore
import SystemPackage

/// Pieces of a transfer that came and were not read yet, and the credit that goes with them.
struct DownloadQueue: Sendable {
    private static let joined = 64 << 10
    /// A watch has no credit: with more than this unread the reader is told to look for itself.
    private static let mostUncredited = 1 << 20

    private var pieces: [(piece: Download.Piece, cost: Int)] = []
    private var head = 0
    private var queued = 0
    private var credit = Int(InitialCredit.toHost)
    private var released = 0

    /// Takes a piece. The last one within the credit may exceed it, so that a peer that looks only whether there is any is well-behaved.
    mutating func append(_ piece: Download.Piece, cost: Int, isUnderCredit: Bool) throws(ProtocolViolation) {
        guard isUnderCredit else { return appendUncredited(piece, cost: cost) }
        guard credit > 0 || cost == 0 else { throw .unexpected("content beyond the credit") }
        credit -= cost
        if case .bytes(let bytes) = piece {
            if bytes.isEmpty { return }
            if head < pieces.count, case .bytes(var last) = pieces[pieces.count - 1].piece, last.count + bytes.count <= Self.joined {
                // Taken out first, so that appending does not copy.
                pieces[pieces.count - 1].piece = .bytes([])
                last.append(contentsOf: bytes)
                pieces[pieces.count - 1] = (.bytes(last), pieces[pieces.count - 1].cost + cost)
                return
            }
        }
        pieces.append((piece, cost))
    }

    private mutating func appendUncredited(_ piece: Download.Piece, cost: Int) {
        guard queued + cost <= Self.mostUncredited else {
            pieces = [(.change(FileChange(path: FilePath(), kind: .overflow)), 0)]
            head = 0
            queued = 0
            return
        }
        queued += cost
        pieces.append((piece, cost))
    }

    /// The next piece; its cost is released.
    mutating func next() -> Download.Piece? {
        guard head < pieces.count else { return nil }
        let (piece, cost) = pieces[head]
        pieces[head].piece = .bytes([])
        head += 1
        queued = max(0, queued - cost)
        released += cost
        if head == pieces.count || head > 1024 {
            pieces.removeFirst(head)
            head = 0
        }
        return piece
    }

    /// The credit to give back now, if it is enough to be worth a message.
    mutating func creditToGrant() -> UInt32? {
        guard released >= Int(InitialCredit.toHost) / 4 else { return nil }
        defer { released = 0 }
        credit += released
        return UInt32(clamping: released)
    }
}

/// Which messages may come next in a transfer.
struct DownloadOrder: Sendable {
    private let content: Download.Content
    /// Bytes that must follow the last entry.
    private var missing: UInt64 = 0
    private var total: UInt64 = 0

    init(_ content: Download.Content) { self.content = content }

    /// The piece that a message holds, if it may come now.
    mutating func piece(of message: GuestMessage) throws(ProtocolViolation) -> Download.Piece {
        switch (content, message) {
        case (.bytes(let limit), .chunk(let bytes)):
            total += UInt64(bytes.count)
            if let limit, total > limit { throw .unexpected("more content than was asked for") }
            return .bytes(bytes)
        case (.tree, .chunk(let bytes)):
            guard UInt64(bytes.count) <= missing else { throw .unexpected("more content than the entry's size") }
            missing -= UInt64(bytes.count)
            return .bytes(bytes)
        case (.manifest, .treeEntry(let entry)), (.tree, .treeEntry(let entry)):
            guard missing == 0 else { throw .unexpected("an entry before the content of the one before") }
            guard let known = entry.entry(.relative) else { throw .unexpected("an entry that cannot be below its root") }
            if case .tree = content, known.kind == .regular { missing = known.size }
            return .entry(known)
        case (.watch, .watch(let event)):
            guard let change = event.fileChange else { throw .unexpected("a change of an impossible path") }
            return .change(change)
        default: throw .unexpected("a message that does not belong to this transfer")
        }
    }

    /// Checks that the transfer may end here.
    func end() throws(ProtocolViolation) {
        guard missing == 0 else { throw .unexpected("an end in the middle of a file") }
        if case .watch = content { throw .unexpected("the end of a watch") }
    }
}

import GuestProtocol
import NIOCore
import SandboxCore
import Synchronization
import SystemPackage

/// A transfer to the guest: the content of one file or a tree, under the guest's credit.
final class Upload: Conversation {
    private enum Phase {
        case opening
        case sending
        case committing
        case ended
        case failed(any Error)
    }

    private struct State {
        var phase = Phase.opening
        var credit = InputCredit()
        var deadline: NIODeadline?
        /// Entries sent: so many refusals are believable.
        var entries = 0
        var refused: [(path: FilePath, reason: String)] = []
        var stamps = StampRecords()
    }

    /// Frames on their way to the channel: what many small files need goes out as one piece.
    private struct Outgoing {
        var frames = ByteBuffer()
        var underWay: Answer<Void>?
    }

    /// Bytes of frames that are collected.
    private static let piece = 256 << 10

    private let line: Line
    private let path: FilePath
    private let isTree: Bool
    private let written: (@Sendable ([WrittenFile]) -> Void)?
    private let ready = Answer<Void>()
    private let committed = Answer<Void>()
    private let patience: TimeAmount
    private let state: Mutex<State>
    private let outgoing = Mutex(Outgoing())

    private init(_ line: Line, path: FilePath, isTree: Bool, written: (@Sendable ([WrittenFile]) -> Void)?) {
        self.line = line
        self.path = path
        self.isTree = isTree
        self.written = written
        patience = .nanoseconds(line.link.options.requestDeadline.wholeNanoseconds)
        state = Mutex(State(deadline: .now() + patience))
    }

    /// Sends what `body` produces and commits it. When the body throws, the guest throws away what it got.
    static func run(
        _ request: GuestRequest, path: FilePath, isTree: Bool, over link: FrameLink,
        written: (@Sendable ([WrittenFile]) -> Void)? = nil, _ body: (Upload) async throws -> Void
    ) async throws -> [(path: FilePath, reason: String)] {
        let upload = try link.open(request) { Upload($0, path: path, isTree: isTree, written: written) }
        do {
            upload.watchClock()
            try await upload.ready.value()
            upload.state.withLock { $0.deadline = nil }
            try await body(upload)
            try await upload.commit()
            try await upload.committed.value()
            return upload.state.withLock { $0.refused }
        } catch {
            upload.abort()
            throw error
        }
    }

    /// Sends a tree.
    func send(_ items: SandboxStream<TreeItem>) async throws {
        for try await item in items {
            switch item {
            case .entry(let entry): try await send(entry)
            case .content(let bytes): try await send(bytes)
            case .copy(let offset, let length): try await copy(offset: offset, length: length)
            }
        }
    }

    /// Sends content in pieces that fit a frame.
    func send(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = min(rest.count, Frame.maximumContent)
            let count = try await credit { $0.take(size) }
            try await put(.chunk(count == bytes.count ? bytes : Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
    }

    /// Sends an entry.
    func send(_ entry: FileEntry) async throws {
        let wire = entry.treeEntry
        let cost = TreeCost.of(wire.path)
        _ = try await credit { credit in credit.takeWhole(cost).map { (0, $0) } ?? (cost, nil) }
        state.withLock { $0.entries += 1 }
        try await put(.treeEntry(wire))
    }

    /// Lets the guest take bytes from the file that has the entry's path until now.
    func copy(offset: UInt64, length: UInt64) async throws {
        _ = try await credit { credit in credit.takeWhole(TreeCost.copy).map { (0, $0) } ?? (TreeCost.copy, nil) }
        try await put(.copy(offset: offset, length: length))
    }

    private func put(_ message: HostMessage) async throws {
        let frame = message.encode(stream: line.stream)
        let isMuch = outgoing.withLock { outgoing in
            outgoing.frames.write(frame: frame)
            return outgoing.frames.readableBytes >= Self.piece
        }
        if isMuch { try await flush() }
    }

    /// Hands over what was collected once the piece before it has left: when the guest does not read, no more than two wait.
    private func flush() async throws {
        if let before = outgoing.withLock({ $0.underWay.take() }) { try await before.value() }
        let frames = outgoing.withLock { outgoing in
            defer { outgoing.frames = ByteBuffer() }
            return outgoing.frames
        }
        guard frames.readableBytes > 0 else { return }
        let written = try line.link.send(frames)
        outgoing.withLock { $0.underWay = written }
    }

    private func credit(_ take: (inout InputCredit) -> (taken: Int, wait: Answer<Void>?)) async throws -> Int {
        while true {
            let (taken, wait) = try state.withLock { state -> (Int, Answer<Void>?) in
                if case .failed(let error) = state.phase { throw error }
                let (taken, wait) = take(&state.credit)
                state.deadline = wait == nil ? nil : .now() + patience
                return (taken, wait)
            }
            guard let wait else { return taken }
            try await flush()
            watchClock()
            do {
                try await wait.value()
            } catch {
                state.withLock { $0.credit.remove(wait) }
                throw error
            }
        }
    }

    private func commit() async throws {
        try await flush()
        try state.withLock { state in
            if case .failed(let error) = state.phase { throw error }
            state.phase = .committing
            state.deadline = .now() + patience
        }
        watchClock()
        try line.send(.streamEnd)
    }

    private func watchClock() {
        if let deadline = state.withLock({ $0.deadline }) { line.link.arm(deadline) }
    }

    private func abort() {
        let isOpen = state.withLock { state in
            switch state.phase {
            case .ended, .failed: return false
            case .opening, .sending, .committing:
                state.phase = .failed(CancellationError())
                return true
            }
        }
        if isOpen { line.abandon(budget: 4 << 20, saying: [.cancel]) }
    }

    func receive(_ message: GuestMessage) throws(ProtocolViolation) -> Bool {
        switch message {
        case .response(.done):
            try step(from: "opening") { state in
                guard case .opening = state.phase else { return false }
                state.phase = .sending
                return true
            }
            ready.settle(.success(()))
            return false
        case .credit(let count):
            let waiting = try state.withLock { (state) throws(ProtocolViolation) in
                if state.deadline != nil { state.deadline = .now() + patience }
                return try state.credit.grant(count)
            }
            for waiter in waiting { waiter.settle(.success(())) }
            return false
        case .refused(let path, let reason):
            try step(from: "a tree's") { state in
                guard isTree, state.refused.count < state.entries, let path = FilePath(guestBytes: path) else { return false }
                state.refused.append((path, GuestFailure(.denied, message: reason).safeMessage))
                return true
            }
            return false
        case .chunk(let bytes):
            guard let written else { throw .unexpected("content in an upload") }
            written(
                try state.withLock { (state) throws(ProtocolViolation) in
                    if state.deadline != nil { state.deadline = .now() + patience }
                    return try state.stamps.files(in: bytes, below: state.entries)
                })
            try? line.send(.credit(UInt32(clamping: bytes.count)))
            return false
        case .streamEnd:
            try step(from: "committing") { state in
                guard case .committing = state.phase else { return false }
                state.phase = .ended
                return true
            }
            committed.settle(.success(()))
            return true
        case .failure(let failure):
            stop(failure.fileError(path))
            return true
        default: throw .unexpected("a message that does not belong to an upload")
        }
    }

    func fail(_ reason: SandboxError) { stop(reason) }

    func expire(at now: NIODeadline) -> NIODeadline? {
        guard let deadline = state.withLock({ $0.deadline }) else { return nil }
        guard deadline <= now else { return deadline }
        line.abandon(budget: 4 << 20, saying: [.cancel])
        stop(SandboxError(.timeout, "the transfer to \(path) does not get on", remedy: "see whether the sandbox is overloaded"))
        return nil
    }

    private func step(from phase: String, _ body: (inout State) -> Bool) throws(ProtocolViolation) {
        guard state.withLock({ body(&$0) }) else { throw .unexpected("a message of the \(phase) phase of an upload at another time") }
    }

    private func stop(_ error: any Error) {
        let waiting = state.withLock { state -> [Answer<Void>] in
            switch state.phase {
            case .ended, .failed: return []
            case .opening, .sending, .committing: state.phase = .failed(error)
            }
            state.deadline = nil
            return state.credit.drain()
        }
        ready.settle(.failure(error))
        committed.settle(.failure(error))
        for waiter in waiting { waiter.settle(.success(())) }
    }
}

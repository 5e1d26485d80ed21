import GuestProtocol
import NIOCore
import SandboxCore
import Synchronization
import SystemPackage

/// A transfer from the guest: content, a manifest, a tree or the events of a watch, under our credit.
final class Download: Conversation {
    /// What may come.
    enum Content: Sendable {
        /// Chunks of at most this many bytes together.
        case bytes(limit: UInt64?)
        case manifest
        case tree
        case watch
    }

    /// A piece as the reader gets it.
    enum Piece: Sendable {
        case bytes([UInt8])
        case entry(FileEntry)
        case change(FileChange)
    }

    private enum Phase {
        case opening
        case running
        case ended
        case failed(any Error)
    }

    private struct State {
        var phase: Phase
        var order: DownloadOrder
        var queue = DownloadQueue()
        var reader: Answer<Void>?
        var deadline: NIODeadline?
    }

    private let line: Line
    private let path: FilePath
    private let isWatch: Bool
    private let opening = Answer<Void>()
    private let patience: TimeAmount
    private let state: Mutex<State>

    private init(_ line: Line, content: Content, path: FilePath) {
        self.line = line
        self.path = path
        patience = .nanoseconds(line.link.options.requestDeadline.wholeNanoseconds)
        if case .watch = content { isWatch = true } else { isWatch = false }
        state = Mutex(State(phase: isWatch ? .opening : .running, order: DownloadOrder(content), deadline: .now() + patience))
    }

    /// Begins a transfer about `path`; a watch is set when this returns.
    static func begin(_ request: GuestRequest, _ content: Content, path: FilePath, over session: GuestSession) async throws
        -> DownloadHandle
    {
        let download = try session.link.open(request) { Download($0, content: content, path: path) }
        session.link.arm(.now() + download.patience)
        let handle = DownloadHandle(download, over: session)
        if download.isWatch { try await download.opening.value() }
        return handle
    }

    /// The next piece; nil at the end.
    func next() async throws -> Piece? {
        while true {
            let (piece, wait, credit, deadline) = try state.withLock { state -> (Piece?, Answer<Void>?, UInt32?, NIODeadline?) in
                guard state.reader == nil else {
                    throw SandboxError(.conflict, "two tasks read one transfer of \(path) at once", remedy: "read it in one task")
                }
                if let piece = state.queue.next() { return (piece, nil, isWatch ? nil : state.queue.creditToGrant(), nil) }
                switch state.phase {
                case .ended: return (nil, nil, nil, nil)
                case .failed(let error): throw error
                case .opening, .running:
                    let reader = Answer<Void>()
                    state.reader = reader
                    state.deadline = isWatch ? nil : .now() + patience
                    return (nil, reader, nil, state.deadline)
                }
            }
            if let credit { try? line.send(.credit(credit)) }
            guard let wait else { return piece }
            if let deadline { line.link.arm(deadline) }
            do {
                try await wait.value()
            } catch {
                state.withLock { if $0.reader === wait { $0.reader = nil } }
                throw error
            }
        }
    }

    /// Nobody reads any more.
    func letGo() {
        let isOpen = state.withLock { state in
            switch state.phase {
            case .ended, .failed: return false
            case .opening, .running:
                state.phase = .ended
                return true
            }
        }
        // What is under way is at most the credit, or for a watch what the guest wrote before it read this.
        if isOpen { line.abandon(budget: 8 << 20, saying: [isWatch ? .close : .cancel]) }
    }

    func receive(_ message: GuestMessage) throws(ProtocolViolation) -> Bool {
        switch message {
        case .failure(let failure):
            stop(.failed(failure.fileError(path)))
            return true
        case .response(.done):
            let isFirst = state.withLock { state in
                guard case .opening = state.phase else { return false }
                state.phase = .running
                state.deadline = nil
                return true
            }
            guard isFirst else { throw .unexpected("a 'done' in the middle of a transfer") }
            opening.settle(.success(()))
            return false
        case .streamEnd:
            try state.withLock { (state) throws(ProtocolViolation) in try state.order.end() }
            stop(.ended)
            return true
        default:
            let reader = try state.withLock { (state) throws(ProtocolViolation) -> Answer<Void>? in
                guard case .running = state.phase else { throw ProtocolViolation.unexpected("content before the transfer began") }
                let piece = try state.order.piece(of: message)
                try state.queue.append(piece, cost: message.weight, isUnderCredit: !isWatch)
                defer { state.reader = nil }
                return state.reader
            }
            reader?.settle(.success(()))
            return false
        }
    }

    func fail(_ reason: SandboxError) { stop(.failed(reason)) }

    func expire(at now: NIODeadline) -> NIODeadline? {
        let deadline = state.withLock { state in
            switch state.phase {
            // A reader that does not ask is no fault of the guest.
            case .opening: return state.deadline
            case .running: return state.reader == nil ? nil : state.deadline
            case .ended, .failed: return nil
            }
        }
        guard let deadline, deadline <= now else { return deadline }
        line.abandon(budget: 8 << 20, saying: [isWatch ? .close : .cancel])
        stop(.failed(SandboxError(.timeout, "the transfer of \(path) does not get on", remedy: "see whether the sandbox is overloaded")))
        return nil
    }

    private func stop(_ phase: Phase) {
        if case .failed(let error) = phase { opening.settle(.failure(error)) }
        let reader = state.withLock { state -> Answer<Void>? in
            switch state.phase {
            case .ended, .failed: return nil
            case .opening, .running: state.phase = phase
            }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.settle(.success(()))
    }
}

/// Holds a transfer for its reader; when the last reader lets go the guest is told.
final class DownloadHandle: Sendable {
    let download: Download
    /// The channel stays open as long as somebody reads from it.
    private let session: GuestSession

    init(_ download: Download, over session: GuestSession) {
        self.download = download
        self.session = session
    }

    deinit { download.letGo() }
}

import CSandlotSystem
import Glibc
import GuestFiles
import GuestProtocol

/// Drives a file service the way a guest's loop does, from one thread and without callbacks.
final class Harness {
    let service: FileService
    private let wakeup: Int32
    private var queues: [UInt64: [GuestMessage]] = [:]
    private var last: UInt64 = 0

    struct TimedOut: Error {}
    struct Unexpected: Error { let message: GuestMessage }

    init(maximumConcurrent: Int = 4) {
        let wakeup = sandlot_wakeup_create()
        self.wakeup = wakeup
        service = FileService(maximumConcurrent: maximumConcurrent) { sandlot_wakeup_signal(wakeup) }
    }

    /// Submits a request under a new stream.
    func start(_ request: GuestRequest) -> UInt64 {
        last += 1
        service.submit(stream: last, request: request)
        return last
    }

    func send(_ message: HostMessage, on stream: UInt64) { service.deliver(stream: stream, message: message) }

    /// The stream's next message, but no credit.
    func next(_ stream: UInt64, seconds: Int32 = 30) throws -> GuestMessage {
        while true {
            let message = try nextOfAny(stream, seconds: seconds)
            if case .credit = message { continue }
            return message
        }
    }

    func nextOfAny(_ stream: UInt64, seconds: Int32 = 30) throws -> GuestMessage {
        while true {
            if var queue = queues[stream], !queue.isEmpty {
                let message = queue.removeFirst()
                queues[stream] = queue
                return message
            }
            guard try pump(milliseconds: seconds * 1000) else { throw TimedOut() }
        }
    }

    /// Takes over what waits; false when nothing came in time.
    @discardableResult
    func pump(milliseconds: Int32) throws -> Bool {
        var wait = pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, milliseconds) > 0 else { return false }
        sandlot_wakeup_clear(wakeup)
        service.drain { stream, message in queues[stream, default: []].append(message) }
        return true
    }

    /// What a plain request is answered.
    func answer(_ request: GuestRequest) throws -> GuestResponse {
        let message = try next(start(request))
        if case .failure(let failure) = message { throw failure }
        guard case .response(let response) = message else { throw Unexpected(message: message) }
        return response
    }

    /// The failure that a request is answered, nil when it succeeds.
    func failure(_ request: GuestRequest) throws -> GuestFailure.Code? {
        do {
            _ = try answer(request)
            return nil
        } catch let failure as GuestFailure {
            return failure.code
        }
    }

    /// Everything until the stream's end, giving credit for what comes.
    func collect(_ stream: UInt64) throws -> [GuestMessage] {
        var all: [GuestMessage] = []
        while true {
            let message = try next(stream)
            switch message {
            case .streamEnd: return all
            case .failure(let failure): throw failure
            case .chunk(let bytes): send(.credit(UInt32(bytes.count)), on: stream)
            case .treeEntry(let entry): send(.credit(UInt32(256 + entry.path.count)), on: stream)
            default: break
            }
            all.append(message)
        }
    }

    func entries(_ request: GuestRequest) throws -> [TreeEntry] {
        try collect(start(request)).compactMap { if case .treeEntry(let entry) = $0 { entry } else { nil } }
    }

    /// Starts a stream that the host writes to, and waits until it is ready.
    func open(_ request: GuestRequest) throws -> UInt64 {
        let stream = start(request)
        let message = try next(stream)
        if case .failure(let failure) = message { throw failure }
        guard message == .response(.done) else { throw Unexpected(message: message) }
        return stream
    }

    /// Sends messages within the credit, then `streamEnd`; returns the refused paths. `told` takes what else the guest sends.
    func upload(_ messages: [HostMessage], to stream: UInt64, told: (([UInt8]) -> Void)? = nil) throws -> [[UInt8]] {
        var credit = Int(InitialCredit.toGuest)
        var refused: [[UInt8]] = []
        func take(_ message: GuestMessage) throws -> Bool {
            switch message {
            case .credit(let bytes): credit += Int(bytes)
            case .refused(let path, _): refused.append(path)
            case .failure(let failure): throw failure
            case .streamEnd: return true
            case .chunk(let bytes) where told != nil: told?(bytes)
            default: throw Unexpected(message: message)
            }
            return false
        }
        for message in messages {
            let cost =
                switch message {
                case .chunk(let bytes): bytes.count
                case .treeEntry(let entry): 256 + entry.path.count
                case .copy: 256
                default: 0
                }
            while credit < cost { _ = try take(nextOfAny(stream)) }
            credit -= cost
            send(message, on: stream)
        }
        send(.streamEnd, on: stream)
        while try !take(nextOfAny(stream)) {}
        return refused
    }
}

extension [GuestMessage] {
    /// The bytes of all chunks.
    var content: [UInt8] {
        var all: [UInt8] = []
        for case .chunk(let bytes) in self { all += bytes }
        return all
    }
}

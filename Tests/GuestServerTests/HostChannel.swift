import Glibc
import GuestProtocol

/// The host's end of a channel, as plain as a test needs it: everything blocks, with a deadline.
final class HostChannel {
    /// What came of an exec.
    struct Finished {
        var pid: Int32 = 0
        var standardOutput: [UInt8] = []
        var standardError: [UInt8] = []
        var end: ExecEnd?
        var failure: GuestFailure?

        var text: String { String(decoding: standardOutput, as: UTF8.self) }
        var errorText: String { String(decoding: standardError, as: UTF8.self) }
        var outcome: GuestOutcome? { end?.outcome }
    }

    private let descriptor: Int32
    private var decoder = FrameDecoder()
    private var nextStream: UInt32 = 1
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)
    /// Messages that came for streams nobody was waiting for.
    private var waiting: [(stream: UInt32, message: GuestMessage)] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    func setNonBlocking() { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }

    @discardableResult
    func greet() throws -> GuestHello {
        send(.hello(HostHello()))
        guard case .hello(let hello) = try receive(on: 0) else { throw TestFailure("no hello") }
        return hello
    }

    func send(_ message: HostMessage, stream: UInt32 = 0) { sendRaw(message.encode(stream: stream).encoded) }

    /// False when the guest has closed the channel.
    @discardableResult
    func sendRaw(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            sent += count
        }
        return true
    }

    /// Opens a stream.
    func request(_ request: GuestRequest) -> UInt32 {
        defer { nextStream += 1 }
        send(.request(request), stream: nextStream)
        return nextStream
    }

    /// The next message of a stream; messages of others are kept.
    func receive(on stream: UInt32, within milliseconds: Int32 = 20_000) throws -> GuestMessage {
        if let index = waiting.firstIndex(where: { $0.stream == stream }) { return waiting.remove(at: index).message }
        while true {
            let (other, message) = try receiveAny(within: milliseconds)
            if other == stream { return message }
            waiting.append((other, message))
        }
    }

    func receiveAny(within milliseconds: Int32 = 20_000) throws -> (UInt32, GuestMessage) {
        while true {
            if let frame = try decoder.next() { return (frame.stream, try GuestMessage.decode(frame)) }
            guard isReadable(descriptor, within: milliseconds) else { throw TestFailure("the guest said nothing for \(milliseconds) ms") }
            let got = read(descriptor, &buffer, buffer.count)
            guard got > 0 else { throw TestFailure("the guest closed the channel") }
            decoder.append(buffer[..<got])
        }
    }

    /// True when the guest closes the channel, whatever it says before.
    func isClosedByGuest(within milliseconds: Int32 = 10_000) -> Bool {
        while isReadable(descriptor, within: milliseconds) {
            if read(descriptor, &buffer, buffer.count) <= 0 { return true }
        }
        return false
    }

    func ping(_ nonce: UInt64 = 7) throws {
        send(.ping(nonce))
        guard case .pong(nonce) = try receive(on: 0) else { throw TestFailure("no pong") }
    }

    /// Starts a command and waits until it runs.
    func start(_ start: ExecStart) throws -> (stream: UInt32, pid: Int32) {
        let stream = request(.startExec(start))
        switch try receive(on: stream) {
        case .response(.started(let pid)): return (stream, pid)
        case .failure(let failure): throw failure
        case let other: throw TestFailure("unexpected \(other)")
        }
    }

    func run(_ start: ExecStart) throws -> Finished { try collect(request(.startExec(start))) }

    /// Everything of a stream until its end, with acknowledgements.
    func collect(_ stream: UInt32, into result: Finished = Finished(), until: (Finished) -> Bool = { _ in false }) throws -> Finished {
        var result = result
        var last: (UInt64, UInt64) = (0, 0)
        var next: (UInt64, UInt64) = (0, 0)
        while !until(result) {
            switch try receive(on: stream) {
            case .response(.started(let pid)):
                guard result.pid == 0, result.standardOutput.isEmpty, result.standardError.isEmpty else {
                    throw TestFailure("started comes late")
                }
                result.pid = pid
            case .output(.standardError, let offset, let bytes):
                result.standardError += bytes
                next.1 = offset + UInt64(bytes.count)
            case .output(_, let offset, let bytes):
                result.standardOutput += bytes
                next.0 = offset + UInt64(bytes.count)
            case .ended(let end):
                result.end = end
                return result
            case .failure(let failure):
                result.failure = failure
                return result
            case .credit: continue
            case let other: throw TestFailure("unexpected \(other)")
            }
            if next.0 - last.0 > 1024 || next.1 - last.1 > 1024 {
                last = next
                send(.acknowledge(standardOutput: last.0, standardError: last.1), stream: stream)
            }
        }
        return result
    }

    /// A plain request's answer.
    func ask(_ question: GuestRequest) throws -> GuestResponse {
        switch try receive(on: request(question)) {
        case .response(let response): return response
        case .failure(let failure): throw failure
        case let other: throw TestFailure("unexpected \(other)")
        }
    }

    func status(of id: String) throws -> ExecStatus? {
        guard case .execs(let list) = try ask(.listExecs) else { return nil }
        return list.first { $0.id == id }
    }
}

extension ExecStart {
    /// A shell line with PATH set.
    static func shell(_ line: String, id: String = "x\(UInt64.random(in: 0..<UInt64.max))", _ change: (inout ExecStart) -> Void = { _ in })
        -> ExecStart
    {
        .command(["sh", "-c", line], id: id, change)
    }

    static func command(
        _ arguments: [String], id: String = "x\(UInt64.random(in: 0..<UInt64.max))", _ change: (inout ExecStart) -> Void = { _ in }
    ) -> ExecStart {
        var start = ExecStart(
            id: id, arguments: arguments.map { Array($0.utf8) }, environment: [Array("PATH=/usr/local/bin:/usr/bin:/bin".utf8)])
        change(&start)
        return start
    }
}

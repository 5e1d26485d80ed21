import Dispatch
import Glibc
import GuestClient
import GuestProtocol
import SandboxCore
import Synchronization
import SystemPackage
import Testing

/// The guest's end of a socket pair, played by a test frame by frame.
final class FakeGuest: Sendable {
    /// The conversation did not go as the test expected.
    struct Ended: Error {}

    private let descriptor: Int32
    private let hostDescriptor: Int32
    private let stream: AsyncStream<(UInt32, HostMessage)>
    /// Whole frames only, whoever sends.
    private let sending = Turn()
    private let reader = DispatchQueue(label: "fake guest")

    /// `showsPings`: the test answers them, or not; else they are answered here.
    init(showsPings: Bool = false) {
        var pair: [Int32] = [0, 0]
        // Not inherited: a process that another test starts would keep a hung-up end open.
        precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0)
        descriptor = pair[0]
        hostDescriptor = pair[1]
        let (stream, continuation) = AsyncStream.makeStream(of: (UInt32, HostMessage).self)
        self.stream = stream
        let (descriptor, sending) = (descriptor, sending)
        reader.async {
            var decoder = FrameDecoder()
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                decoder.append(buffer[..<count])
                while let frame = try? decoder.next(), let message = try? HostMessage.decode(frame) {
                    if case .ping(let nonce) = message, !showsPings {
                        FakeGuest.send(GuestMessage.pong(nonce).encode(stream: 0).encoded, to: descriptor, sending)
                    } else {
                        continuation.yield((frame.stream, message))
                    }
                }
            }
            continuation.finish()
        }
    }

    deinit {
        let descriptor = descriptor
        shutdown(descriptor, Int32(SHUT_RDWR))
        reader.async { close(descriptor) }
    }

    static let hello = GuestHello(
        version: 1, instance: [1], pid: 1, userID: 0, groupID: 0, architecture: "x86_64", workingDirectory: Array("/w".utf8),
        capabilities: [])

    /// The host's end after the handshake.
    func channel(_ options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestChannel {
        send(.hello(FakeGuest.hello), stream: 0)
        return try await silentChannel(options)
    }

    /// The host's end; what the guest says is up to the test.
    func silentChannel(_ options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestChannel {
        try await GuestChannel.adopt(descriptor: hostDescriptor, options: options)
    }

    func session(_ options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestSession {
        let session = GuestSession(try await channel(options), defaults: FakeGuest.defaults)
        #expect(try await next().1 == .hello(HostHello()))
        return session
    }

    static let defaults = GuestExecDefaults(workspacePath: "/w", environment: ["PATH": "/bin"])

    /// The host's next message.
    func next() async throws -> (UInt32, HostMessage) {
        var own = stream.makeAsyncIterator()
        guard let message = await own.next() else { throw Ended() }
        return message
    }

    /// The number of the next stream that asks for what `matches` accepts.
    @discardableResult
    func request(_ matches: (GuestRequest) -> Bool = { _ in true }) async throws -> UInt32 {
        while true {
            if case (let stream, .request(let request)) = try await next(), matches(request) { return stream }
        }
    }

    /// Waits for the first message that `matches` accepts.
    func until(_ matches: (HostMessage) -> Bool) async throws -> (UInt32, HostMessage) {
        while true {
            let (stream, message) = try await next()
            if matches(message) { return (stream, message) }
        }
    }

    func send(_ message: GuestMessage, stream: UInt32) { send(raw: message.encode(stream: stream).encoded) }

    func send(raw bytes: [UInt8]) { FakeGuest.send(bytes, to: descriptor, sending) }

    private final class Turn: Sendable {
        let mutex = Mutex(())
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32, _ turn: Turn) {
        turn.mutex.withLock { _ in send(bytes, to: descriptor) }
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func output(_ bytes: [UInt8], at offset: UInt64, stream: UInt32, to output: OutputStream = .standardOutput) {
        send(.output(stream: output, offset: offset, bytes: bytes), stream: stream)
    }

    func end(_ stream: UInt32, out: UInt64 = 0, err: UInt64 = 0, outcome: GuestOutcome = .exited(code: 0)) {
        send(
            .ended(
                ExecEnd(
                    outcome: outcome, standardOutputEnd: out, standardErrorEnd: err, survivors: 0, duration: 1, processorTime: 1,
                    peakMemory: 1)),
            stream: stream)
    }

    func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// Starts a command whose fake guest says 'started', and gives the stream's number.
func startExec(
    _ guest: FakeGuest, _ session: GuestSession, _ request: ExecRequest = ExecRequest(.arguments(["x"]))
) async throws -> (any RunningExec, UInt32) {
    async let exec = session.start(request)
    let stream = try await guest.request()
    guest.send(.response(.started(pid: 7)), stream: stream)
    return (try await exec, stream)
}

/// The code of the error that `body` throws.
func code(_ body: () async throws -> some Any) async -> SandboxError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? SandboxError)?.code
    }
}

import GuestClient
import GuestProtocol
import SandboxCore
import SystemPackage
import Testing

@Suite("A hostile guest", .timeLimit(.minutes(10)))
struct HostileGuestTests {
    /// What a guest must not do on the stream of a running exec.
    enum Abuse: CaseIterable {
        case unknownStream, gap, repetition, emptyOutput, wrongStream, window, secondStart, wrongEnd, twoEnds, badSignal, creditFlood
        case chunk, pong, secondHello, oversized, reserved, entry, overflow
    }

    @Test(arguments: Abuse.allCases)
    func `is cut off`(abuse: Abuse) async throws {
        let guest = FakeGuest()
        let session = try await guest.session(GuestChannelOptions(outputWindow: 4096))
        let (exec, stream) = try await startExec(guest, session)
        switch abuse {
        case .unknownStream: guest.output([1], at: 0, stream: 4711)
        case .gap: guest.output([1], at: 1, stream: stream)
        case .repetition:
            guest.output([1], at: 0, stream: stream)
            guest.output([1], at: 0, stream: stream)
        case .emptyOutput: guest.output([], at: 0, stream: stream)
        case .wrongStream: guest.output([1], at: 0, stream: stream, to: .terminal)
        case .window: for index in 0..<400 { guest.output([UInt8](repeating: 0, count: 1024), at: UInt64(index) * 1024, stream: stream) }
        case .secondStart: guest.send(.response(.started(pid: 8)), stream: stream)
        case .wrongEnd: guest.end(stream, out: 5)
        case .twoEnds:
            guest.end(stream)
            guest.end(stream)
        case .badSignal: guest.end(stream, outcome: .signaled(number: 1000, coreDumped: false))
        case .creditFlood: for _ in 0..<2 { guest.send(.credit(.max), stream: stream) }
        case .chunk: guest.send(.chunk([1]), stream: stream)
        case .pong: guest.send(.pong(1), stream: 0)
        case .secondHello: guest.send(.hello(FakeGuest.hello), stream: 0)
        case .oversized: guest.send(raw: Frame.header(kind: 132, stream: stream, length: Frame.maximumPayload + 1))
        case .reserved: guest.send(raw: [0, 0, 0, 0, 132, 1, 0, 0, 1, 0, 0, 0])
        case .entry: guest.send(.treeEntry(TreeEntry(path: [65], kind: .regular, mode: 0, size: 0, modified: 0)), stream: stream)
        case .overflow: guest.send(.output(stream: .standardOutput, offset: .max, bytes: [1, 2]), stream: stream)
        }
        #expect(try await session.waitUntilClosed().code == .protocolViolation)
        let seen = await code { for try await _ in exec.events {} }
        // An exec that had ended properly before keeps its end.
        #expect(seen == (abuse == .twoEnds ? nil : .protocolViolation))
        #expect(await code { try await session.execs() } == .protocolViolation)
    }

    @Test(arguments: ["/etc/passwd", "../x", "a/../b", "a//b", ".", "", "a/"])
    func `cannot name what is not below the root of a tree`(path: String) async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let manifest = try await session.files.manifest(of: "t", digests: false)
        let stream = try await guest.request()
        guest.send(.treeEntry(TreeEntry(path: Array(path.utf8), kind: .directory, mode: 0o755, size: 0, modified: 0)), stream: stream)
        #expect(await code { for try await _ in manifest {} } == .protocolViolation)
    }

    @Test
    func `cannot send more of a file than its credit`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let contents = try await session.files.contents(of: "f", offset: 0, length: nil)
        let stream = try await guest.request()
        for _ in 0..<6 { guest.send(.chunk([UInt8](repeating: 0, count: Frame.maximumContent)), stream: stream) }
        #expect(try await session.waitUntilClosed().code == .protocolViolation)
        #expect(await code { for try await _ in contents {} } == .protocolViolation)
    }

    @Test
    func `cannot answer with more than was asked for`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let reading = Task { try await session.files.read("f", offset: 0, length: 3) }
        let stream = try await guest.request()
        guest.send(.response(.data(bytes: [1, 2, 3, 4], endOfFile: true)), stream: stream)
        #expect(await code { try await reading.value } == .protocolViolation)
    }

    @Test
    func `cannot smuggle control characters into messages`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        async let entry = session.files.stat("f", followsLinks: true)
        let stream = try await guest.request()
        guest.send(.failure(GuestFailure(.notFound, message: "\u{1B}[31mgone\u{7}")), stream: stream)
        do {
            _ = try await entry
            Issue.record("no error")
        } catch let refusal as FileRefusal {
            #expect(refusal.reason == .notFound)
            #expect(refusal.message == " [31mgone ")
        }
    }

    @Test(arguments: 0..<40)
    func `sending anything in any order gives an error and nothing worse`(seed: UInt64) async throws {
        for round in 0..<50 {
            var random = RandomTraffic(seed: seed * 1000 + UInt64(round))
            let guest = FakeGuest()
            let session = try await guest.session(GuestChannelOptions(outputWindow: 4096))
            let (exec, first) = try await startExec(guest, session, ExecRequest(.arguments(["x"]), input: .stream))
            let contents = try await session.files.contents(of: "f", offset: 0, length: nil)
            let second = try await guest.request()
            for bytes in random.frames(streams: [0, first, second, second + 1], count: 40) { guest.send(raw: bytes) }
            guest.hangUp()
            let reason = try await session.waitUntilClosed()
            #expect([.protocolViolation, .unavailable].contains(reason.code))
            await expectOrderlyEnd { for try await _ in exec.events {} }
            await expectOrderlyEnd { for try await _ in contents {} }
            await expectOrderlyEnd { try await exec.write([1]) }
        }
    }

    private func expectOrderlyEnd(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            #expect(error is SandboxError || error is FileRefusal || error is ExecStartFailure)
        }
    }
}

/// Frames that a guest might send: valid, cut, flipped and plain noise.
struct RandomTraffic {
    private var state: UInt64
    private var offset: UInt64 = 0

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    private mutating func random(_ range: Range<Int>) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + Int((state >> 33) % UInt64(range.count))
    }

    mutating func frames(streams: [UInt32], count: Int) -> [[UInt8]] {
        (0..<count).map { _ in
            var bytes = message().encode(stream: streams[random(0..<streams.count)]).encoded
            switch random(0..<12) {
            case 0: bytes = Array(bytes.prefix(random(0..<bytes.count + 1)))
            case 1: bytes[random(0..<bytes.count)] ^= UInt8(1 << random(0..<8))
            case 2: bytes = (0..<random(1..<60)).map { _ in UInt8(random(0..<256)) }
            default: break
            }
            return bytes
        }
    }

    private mutating func message() -> GuestMessage {
        switch random(0..<16) {
        case 0...7:
            let size = random(1..<300)
            defer { offset += UInt64(size) }
            return .output(stream: .standardOutput, offset: offset, bytes: [UInt8](repeating: 1, count: size))
        case 8: return .credit(UInt32(random(0..<100000)))
        case 9: return .chunk([UInt8](repeating: 2, count: random(0..<300)))
        case 10: return .streamEnd
        case 11: return .failure(GuestFailure(.internalError, message: "no"))
        case 12: return .response(.done)
        case 13: return .treeEntry(TreeEntry(path: [66], kind: .regular, mode: 0, size: 3, modified: 0))
        case 14: return .pong(UInt64(random(0..<3)))
        default:
            return .ended(
                ExecEnd(
                    outcome: .exited(code: 0), standardOutputEnd: offset, standardErrorEnd: 0, survivors: 0, duration: 0, processorTime: 0,
                    peakMemory: 0))
        }
    }
}

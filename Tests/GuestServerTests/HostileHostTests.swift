import Glibc
import GuestProtocol
import Testing

/// Numbers that a seed repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

@Suite("Bytes that no good host sends", .serialized)
struct HostileHostTests {
    @Test func `the first message must be a hello that speaks our version`() throws {
        let guest = try GuestProcess()
        let silent = try guest.connect(greeting: false)
        silent.send(.ping(1))
        guard case .failure = try silent.receive(on: 0) else { throw TestFailure("no failure") }
        #expect(silent.isClosedByGuest())
        let newer = try guest.connect(greeting: false)
        newer.send(.hello(HostHello(oldestVersion: 900, newestVersion: 901)))
        guard case .failure(let failure) = try newer.receive(on: 0) else { throw TestFailure("no failure") }
        #expect(failure.code == .unsupported)
        #expect(newer.isClosedByGuest())
        let range = try guest.connect(greeting: false)
        range.send(.hello(HostHello(oldestVersion: 1, newestVersion: 901)))
        guard case .hello(let hello) = try range.receive(on: 0) else { throw TestFailure("no hello") }
        #expect(hello.version == ProtocolVersion.current)
    }

    @Test func `a violation closes its channel, and execs live on`() throws {
        let guest = try GuestProcess()
        let bad = try guest.connect()
        _ = try bad.start(.shell("echo here; sleep 1000", id: "lives"))
        bad.sendRaw([255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(bad.isClosedByGuest())
        let good = try guest.connect()
        #expect(try good.status(of: "lives")?.end == nil)
        let finished = try good.collect(good.request(.attachExec(id: "lives", standardOutput: 0, standardError: 0))) { !$0.text.isEmpty }
        #expect(finished.text == "here\n")
    }

    @Test func `acknowledging what was never sent is a violation`() throws {
        let guest = try GuestProcess()
        let channel = try guest.connect()
        let (stream, _) = try channel.start(.command(["sleep", "1000"]))
        channel.send(.acknowledge(standardOutput: 1, standardError: 0), stream: stream)
        #expect(channel.isClosedByGuest())
        try guest.connect().ping()
    }

    @Test func `a host that asks and never reads costs bounded memory`() throws {
        let guest = try GuestProcess()
        let greedy = try guest.connect()
        let before = guest.residentMemory
        // The socket's buffers fill, then the guest stops reading: sending must get stuck, so it is done without blocking.
        greedy.setNonBlocking()
        let frame = HostMessage.ping(1).encode(stream: 0).encoded
        var burst: [UInt8] = []
        for _ in 0..<4096 { burst += frame }
        var total = 0
        while total < 400 << 20, greedy.sendRaw(burst) { total += burst.count }
        try guest.connect().ping()
        #expect(guest.residentMemory - before < 32 << 10)
    }

    /// In a root file system of its own: a mutated request may ask for the removal of anything.
    @Test(.enabled(if: geteuid() == 0), arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `random, truncated, oversized and reordered frames leave the guest whole`(seed: UInt64) throws {
        let root = try EmptyRoot()
        let guest = try GuestProcess(wrapper: ["chroot", root.path], guest: "/guest")
        var random = SeededGenerator(seed: seed)
        try guest.connect().ping()
        let before = guest.residentMemory
        for round in 0..<400 {
            let channel = try guest.connect(greeting: random.next() % 8 != 0)
            for _ in 0..<(1 + random.next() % 12) {
                var bytes = HostileHostTests.frame(round, &random)
                switch random.next() % 6 {
                case 0: bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
                case 1, 2:
                    for _ in 0...(random.next() % 4) {
                        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                    }
                case 3: bytes += (0..<(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                default: break
                }
                // Never a shutdown by accident.
                if bytes.count > 12, bytes[4] == 3, bytes[12] == 64 { continue }
                if !channel.sendRaw(bytes) { break }
            }
        }
        let last = try guest.connect()
        try last.ping(99)
        #expect(try last.run(.command(["/busybox", "echo", "whole"])).text == "whole\n")
        #expect(guest.residentMemory - before < 64 << 10)
    }

    private static func frame(_ round: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let stream = UInt32(random.next() % 6)
        let id = "f\(random.next() % 64)"
        let message: HostMessage =
            switch random.next() % 18 {
            case 0: .hello(HostHello())
            case 1: .ping(random.next())
            case 2:
                .request(
                    .startExec(
                        .command(["/busybox", "echo", "x"], id: "f\(round)-\(random.next() % 4)") {
                            $0.hasInput = random.next() % 2 == 0
                            $0.ringCapacity = UInt32(truncatingIfNeeded: random.next())
                            $0.drainGrace = UInt32(random.next() % 10)
                        }))
            case 3: .request(.attachExec(id: id, standardOutput: random.next() % 3, standardError: 0))
            case 4: .request(.listExecs)
            case 5: .request(.signalExec(id: id, signal: Int32(random.next() % 70), wholeTree: random.next() % 2 == 0))
            case 6: .request(.cancelExec(id: id))
            case 7: .request(.forgetExec(id: id))
            case 8: .request(.stat(path: Array("/guest".utf8), followsLinks: true))
            case 9: .request(.readFile(path: Array("/busybox".utf8), offset: random.next() % 1000, length: UInt32(random.next() % 5000)))
            case 10: .request(.list(path: Array("/".utf8), cursor: [], limit: 10))
            case 11: .input([UInt8](repeating: 1, count: Int(random.next() % 3000)))
            case 12: .acknowledge(standardOutput: random.next() % 4, standardError: random.next() % 2)
            case 13: .resize(WindowSize(columns: 1, rows: 1))
            case 14: .inputEnd
            case 15: .close
            case 16: .credit(UInt32(truncatingIfNeeded: random.next()))
            default: .chunk([1, 2, 3])
            }
        return message.encode(stream: stream).encoded
    }
}

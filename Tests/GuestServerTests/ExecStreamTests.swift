import CSandlotSystem
import Glibc
import GuestProtocol
import Testing

@Suite("Streams of a command", .serialized)
struct ExecStreamTests {
    let guest: GuestProcess
    let channel: HostChannel

    init() throws {
        guest = try GuestProcess()
        channel = try guest.connect()
    }

    @Test func `standard input streams until it is ended`() throws {
        let stream = channel.request(.startExec(.command(["cat"], { $0.hasInput = true })))
        channel.send(.input(Array("hello ".utf8)), stream: stream)
        let begun = try channel.collect(stream) { $0.text == "hello " }
        channel.send(.input(Array("world".utf8)), stream: stream)
        channel.send(.inputEnd, stream: stream)
        let finished = try channel.collect(stream, into: begun)
        #expect(finished.text == "hello world")
        #expect(finished.outcome == .exited(code: 0))
    }

    @Test func `fifty mebibytes come back from cat within the credit`() throws {
        let total = 50 << 20
        let stream = channel.request(.startExec(.command(["cat"], { $0.hasInput = true })))
        var credit = Int(InitialCredit.toGuest)
        var sent = 0
        var received = 0
        // A period that no buffer size divides; five times, so that every piece of output lies within it.
        let period = 65_521
        let pattern = (0..<(period * 5)).map { UInt8(truncatingIfNeeded: ($0 % period) &* 31 >> 3) }
        var isIntact = true
        while true {
            while sent < total, credit >= 128 << 10 {
                channel.send(.input(Array(pattern[(sent % period)...].prefix(128 << 10))), stream: stream)
                sent += 128 << 10
                credit -= 128 << 10
                if sent == total { channel.send(.inputEnd, stream: stream) }
            }
            switch try channel.receive(on: stream) {
            case .output(_, let offset, let bytes):
                #expect(offset == UInt64(received))
                isIntact =
                    isIntact
                    && pattern.withUnsafeBytes { pattern in
                        bytes.withUnsafeBytes { bytes in
                            guard let expected = pattern.baseAddress, let got = bytes.baseAddress else { return bytes.isEmpty }
                            return memcmp(expected + received % period, got, bytes.count) == 0
                        }
                    }
                received += bytes.count
                channel.send(.acknowledge(standardOutput: UInt64(received), standardError: 0), stream: stream)
            case .credit(let more): credit += Int(more)
            case .ended(let end):
                #expect(end.outcome == .exited(code: 0))
                #expect(received == total)
                #expect(isIntact)
                return
            default: continue
            }
        }
    }

    @Test func `input beyond the credit closes the channel`() throws {
        let (stream, _) = try channel.start(.command(["sleep", "1000"], { $0.hasInput = true }))
        for _ in 0..<5 { channel.send(.input([UInt8](repeating: 0, count: 256 << 10)), stream: stream) }
        #expect(channel.isClosedByGuest())
        try guest.connect().ping()
    }

    @Test func `input that nobody reads is dropped and its credit comes back`() throws {
        let stream = channel.request(.startExec(.shell("exec 0<&-; sleep 1000", { $0.hasInput = true })))
        channel.send(.input([UInt8](repeating: 0, count: 1 << 20)), stream: stream)
        var returned = 0
        while returned < 1 << 20 {
            if case .credit(let more) = try channel.receive(on: stream) { returned += Int(more) }
        }
        #expect(returned == 1 << 20)
    }

    @Test func `without input a command reads end of file at once`() throws {
        #expect(try channel.run(.shell("cat; echo end")).text == "end\n")
    }

    @Test func `a slow reader gets every byte`() throws {
        let total = 20 << 20
        let stream = channel.request(
            .startExec(.shell("head -c \(total) /dev/zero | tr '\\0' x; echo done >&2", { $0.ringCapacity = 64 << 10 })))
        var received: UInt64 = 0
        while true {
            switch try channel.receive(on: stream) {
            case .output(.standardOutput, let offset, let bytes):
                #expect(offset == received)
                #expect(bytes.count <= 64 << 10)
                received += UInt64(bytes.count)
                channel.send(.acknowledge(standardOutput: received, standardError: 0), stream: stream)
            case .ended(let end):
                #expect(received == UInt64(total))
                #expect(end.standardOutputEnd == UInt64(total))
                return
            default: continue
            }
        }
    }

    @Test func `no more than the ring's capacity is sent without acknowledgement, and the command waits`() throws {
        let stream = channel.request(.startExec(.shell("yes", id: "y", { $0.ringCapacity = 8192 })))
        var received = 0
        while received < 8192 {
            if case .output(_, _, let bytes) = try channel.receive(on: stream) { received += bytes.count }
        }
        for _ in 0..<20 { try channel.ping() }
        #expect(received == 8192)
        #expect(try channel.status(of: "y")?.standardOutput == 0..<8192)
        channel.send(.acknowledge(standardOutput: 100, standardError: 0), stream: stream)
        guard case .output(_, 8192, let more) = try channel.receive(on: stream) else { throw TestFailure("nothing more") }
        #expect(more.count <= 100)
    }

    @Test func `an exec that nobody reads does not stall another`() throws {
        _ = try channel.start(.shell("yes", { $0.ringCapacity = 4096 }))
        let finished = try channel.run(.shell("head -c 5000000 /dev/zero"))
        #expect(finished.standardOutput.count == 5_000_000)
    }

    @Test func `a host that attaches again reads on from its offset`() throws {
        let other = try guest.connect()
        let stream = other.request(.startExec(.shell("printf 0123456789; read x; printf abc", id: "again", { $0.hasInput = true })))
        _ = try other.collect(stream) { $0.text == "0123456789" }
        let next = channel.request(.attachExec(id: "again", standardOutput: 4, standardError: 0))
        let begun = try channel.collect(next) { $0.text.count == 6 }
        #expect(begun.text == "456789")
        #expect(try other.collect(stream).failure?.code == .superseded)
        channel.send(.input([10]), stream: next)
        let finished = try channel.collect(next, into: begun)
        #expect(finished.text == "456789abc")
        #expect(finished.end?.standardOutputEnd == 13)
    }

    @Test func `an exec goes on when its channel is closed, and its output waits`() throws {
        do {
            let other = try guest.connect()
            _ = try other.start(.shell("read x < /dev/null; for i in 1 2 3; do echo $i; sleep 0.05; done; exit 9", id: "alone"))
        }
        let finished = try channel.collect(channel.request(.attachExec(id: "alone", standardOutput: 0, standardError: 0)))
        #expect(finished.text == "1\n2\n3\n")
        #expect(finished.outcome == .exited(code: 9))
        // And once more after its end, as often as wanted, unless the bytes were acknowledged.
        let again = try channel.collect(channel.request(.attachExec(id: "alone", standardOutput: 2, standardError: 0)))
        #expect(again.text == "2\n3\n")
        #expect(throws: GuestFailure.self) { try channel.ask(.attachExec(id: "alone", standardOutput: 7, standardError: 0)) }
    }

    @Test func `a terminal is one, has a size and an interrupt key`() throws {
        let finished = try channel.run(
            .shell("tty >/dev/null && stty size; echo $TERM", { $0.terminal = WindowSize(columns: 132, rows: 43) }))
        #expect(finished.text == "43 132\r\nxterm-256color\r\n")
        let stream = channel.request(.startExec(.shell("echo ready; exec sleep 1000", { $0.terminal = WindowSize(columns: 80, rows: 24) })))
        let begun = try channel.collect(stream) { $0.text == "ready\r\n" }
        channel.send(.input([3]), stream: stream)
        #expect(try channel.collect(stream, into: begun).outcome == .signaled(number: SIGINT, coreDumped: false))
    }

    @Test func `a terminal is resized and its program hears of it`() throws {
        let stream = channel.request(
            .startExec(
                .shell(
                    "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.01; done",
                    { $0.terminal = WindowSize(columns: 80, rows: 24) })))
        let begun = try channel.collect(stream) { $0.text == "ready\r\n" }
        channel.send(.resize(WindowSize(columns: 100, rows: 50)), stream: stream)
        #expect(try channel.collect(stream, into: begun).text == "ready\r\n50 100\r\n")
    }

    @Test func `end of input on a terminal ends its reader`() throws {
        let stream = channel.request(
            .startExec(.command(["cat"], { ($0.terminal, $0.hasInput) = (WindowSize(columns: 80, rows: 24), true) })))
        channel.send(.input(Array("line\n".utf8)), stream: stream)
        channel.send(.inputEnd, stream: stream)
        let finished = try channel.collect(stream)
        #expect(finished.outcome == .exited(code: 0))
        #expect(finished.text == "line\r\nline\r\n")
    }

    @Test func `a terminal that nobody reads keeps only its newest output`() throws {
        do {
            let other = try guest.connect()
            _ = try other.start(
                .shell(
                    "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 4", id: "scroll",
                    {
                        ($0.terminal, $0.overflow, $0.ringCapacity) = (WindowSize(columns: 80, rows: 24), .discardOldest, 4096)
                    }))
        }
        var status: ExecStatus?
        for _ in 0..<100_000 {
            status = try channel.status(of: "scroll")
            if status?.end != nil { break }
        }
        #expect(status?.end?.outcome == .exited(code: 4))
        #expect((status?.standardOutput.count ?? 0) <= 4096)
        let finished = try channel.collect(channel.request(.attachExec(id: "scroll", standardOutput: 0, standardError: 0)))
        #expect(finished.text.hasSuffix("line 2999\r\n"))
        #expect(finished.standardOutput.count <= 4096)
    }

    @Test func `a terminal that is attached to again shows its newest output although it was acknowledged`() throws {
        let stream = channel.request(
            .startExec(
                .shell(
                    "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exec cat", id: "back",
                    { ($0.terminal, $0.overflow, $0.ringCapacity) = (WindowSize(columns: 80, rows: 24), .discardOldest, 4096) })))
        // `collect` acknowledges all that it reads.
        let seen = try channel.collect(stream) { $0.text.contains("line 2999\r\n") }
        let end = seen.standardOutput.count
        let next = channel.request(.attachExec(id: "back", standardOutput: 0, standardError: 0))
        let scrollback = try channel.collect(next) { $0.text.contains("line 2999\r\n") }
        #expect(scrollback.standardOutput.count <= 4096)
        #expect(scrollback.standardOutput.count > 2048, "hardly anything was kept")
        #expect(seen.standardOutput.suffix(scrollback.standardOutput.count) == scrollback.standardOutput[...])
        // One that knows where it was gets nothing twice.
        let status = try #require(try channel.status(of: "back"))
        #expect(status.standardOutput.upperBound >= UInt64(end))
    }
}

import GuestClient
import GuestProtocol
import SandboxCore
import SystemPackage
import Testing

@Suite("An exec over a channel", .timeLimit(.minutes(10)))
struct ExecTests {
    @Test
    func `output comes in order and the end is last`() async throws {
        let guest = FakeGuest()
        let (exec, stream) = try await startExec(guest, try await guest.session())
        guest.output([1, 2], at: 0, stream: stream)
        guest.output([9], at: 0, stream: stream, to: .standardError)
        guest.end(stream, out: 2, err: 1, outcome: .exited(code: 3))
        var events: [ExecEvent] = []
        for try await event in exec.events { events.append(event) }
        #expect(exec.processID == 7)
        #expect(events.count == 3)
        #expect(events.first == .output(OutputChunk(channel: .standardOutput, offset: 0, bytes: [1, 2])))
        guard case .ended(let ending) = events.last else { throw FakeGuest.Ended() }
        #expect(ending.outcome == .exited(code: 3))
    }

    @Test
    func `the order to the guest says what the request says`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let request = ExecRequest(
            .shell("echo $A"), workingDirectory: "../b", environment: ["A": "1=2"], input: .stream, timeout: .microseconds(1500))
        let starting = Task { try await session.start(request) }
        guard case (let stream, .request(.startExec(let order))) = try await guest.next() else { throw FakeGuest.Ended() }
        guest.send(.failure(GuestFailure(.commandNotFound, message: "no sh")), stream: stream)
        await #expect(throws: ExecStartFailure(.commandNotFound, "no sh")) { try await starting.value }
        #expect(order.id == request.id.rawValue)
        #expect(order.arguments == ["/bin/sh", "-c", "echo $A"].map { Array($0.utf8) })
        #expect(order.environment == ["A=1=2", "PATH=/bin"].map { Array($0.utf8) })
        #expect(order.workingDirectory == Array("/w/../b".utf8))
        #expect(order.timeout == 2)
        #expect(order.hasInput)
        #expect(order.overflow == .stall)
    }

    @Test(arguments: [
        ExecRequest(.arguments([])), ExecRequest(.arguments([""])), ExecRequest(.arguments(["a\0b"])),
        ExecRequest(.arguments(["a"]), environment: ["": "1"]), ExecRequest(.arguments(["a"]), environment: ["A=B": "1"]),
        ExecRequest(.arguments(["a"]), environment: ["A": "1\0"]), ExecRequest(.arguments(["a"]), timeout: .zero),
    ])
    func `what no kernel could take is refused before anything is sent`(request: ExecRequest) async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        #expect(await code { try await session.start(request) } == .invalidArgument)
        async let forgetting: Void = session.forget(request.id)
        guard case (let stream, .request(.forgetExec)) = try await guest.next() else {
            Issue.record("something else was sent")
            return
        }
        guest.send(.response(.done), stream: stream)
        try await forgetting
    }

    @Test
    func `an argument list that does not fit a frame is refused`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let request = ExecRequest(.arguments(["x", String(repeating: "a", count: Frame.maximumPayload)]))
        #expect(await code { try await session.start(request) } == .limitExceeded)
        #expect(session.channel.endReason == nil)
    }

    @Test
    func `output is acknowledged as it is read and not before`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session(GuestChannelOptions(outputWindow: 1000))
        let (exec, stream) = try await startExec(guest, session)
        var events = exec.events.makeAsyncIterator()
        guest.output([UInt8](repeating: 1, count: 900), at: 0, stream: stream)
        _ = try await events.next()
        // Nothing but this signal has been sent so far.
        try await exec.signal(.interrupt)
        #expect(try await guest.next() == (stream, .signal(2)))
        let reading = Task {
            var rest = exec.events.makeAsyncIterator()
            return try await rest.next()
        }
        let (_, message) = try await guest.next()
        #expect(message == .acknowledge(standardOutput: 900, standardError: 0))
        guest.end(stream, out: 900)
        guard case .ended = try await reading.value else { throw FakeGuest.Ended() }
    }

    @Test
    func `cancelling the reader throws and leaves the command alone`() async throws {
        let guest = FakeGuest()
        let (exec, stream) = try await startExec(guest, try await guest.session())
        let reading = Task {
            var events = exec.events.makeAsyncIterator()
            return try await events.next()
        }
        reading.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
        guest.end(stream)
        var rest = exec.events.makeAsyncIterator()
        guard case .ended = try await rest.next() else { throw FakeGuest.Ended() }
    }

    @Test
    func `a start that is cancelled before the answer is cancelled in the guest`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let starting = Task { try await session.start(ExecRequest(.arguments(["x"]))) }
        let stream = try await guest.request()
        starting.cancel()
        await #expect(throws: CancellationError.self) { try await starting.value }
        #expect(try await guest.next() == (stream, .cancel))
        #expect(try await guest.next() == (stream, .close))
        // What was under way is thrown away.
        guest.send(.response(.started(pid: 1)), stream: stream)
        guest.end(stream, outcome: .cancelled)
        try await proveOpen(guest, session)
    }

    @Test
    func `letting go of an exec detaches`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        var stream: UInt32 = 0
        do {
            let (_, number) = try await startExec(guest, session)
            stream = number
        }
        #expect(try await guest.next() == (stream, .close))
        guest.output([1], at: 0, stream: stream)
        try await proveOpen(guest, session)
    }

    @Test
    func `input waits for credit and goes on when it comes`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let (exec, stream) = try await startExec(guest, session, ExecRequest(.arguments(["x"]), input: .stream))
        let size = Int(InitialCredit.toGuest) + 5
        async let writing: Void = exec.write([UInt8](repeating: 7, count: size))
        var got = 0
        while got < Int(InitialCredit.toGuest) {
            guard case (_, .input(let bytes)) = try await guest.next() else { throw FakeGuest.Ended() }
            #expect(bytes.count <= Frame.maximumContent)
            got += bytes.count
        }
        #expect(got == Int(InitialCredit.toGuest))
        guest.send(.credit(100), stream: stream)
        guard case (_, .input(let rest)) = try await guest.next() else { throw FakeGuest.Ended() }
        #expect(rest.count == 5)
        try await writing
    }

    @Test
    func `a writer that waits for credit is let go when the command ends`() async throws {
        let guest = FakeGuest()
        let (exec, stream) = try await startExec(guest, try await guest.session(), ExecRequest(.arguments(["x"]), input: .stream))
        async let writing: Void = exec.write([UInt8](repeating: 7, count: 4 << 20))
        var got = 0
        while got < Int(InitialCredit.toGuest) {
            guard case (_, .input(let bytes)) = try await guest.next() else { throw FakeGuest.Ended() }
            got += bytes.count
        }
        guest.end(stream)
        try await writing
        try await exec.write([1])
        try await exec.closeInput()
    }

    @Test
    func `an exec without standard input refuses to be written to`() async throws {
        let guest = FakeGuest()
        let (exec, _) = try await startExec(guest, try await guest.session())
        #expect(await code { try await exec.write([1]) } == .invalidArgument)
        #expect(await code { try await exec.resize(TerminalSize(columns: 1, rows: 1)) } == .unsupported)
    }

    @Test
    func `two readers at once are refused`() async throws {
        let guest = FakeGuest()
        let (exec, stream) = try await startExec(guest, try await guest.session())
        let codes = await withTaskGroup(of: SandboxError.Code?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    await code {
                        var events = exec.events.makeAsyncIterator()
                        return try await events.next()
                    }
                }
            }
            let first = await group.next()
            guest.end(stream)
            let second = await group.next()
            return [first ?? nil, second ?? nil]
        }
        #expect(codes.contains(.conflict))
        #expect(codes.contains(nil))
    }

    @Test
    func `a terminal's reader sees a gap and goes on`() async throws {
        let guest = FakeGuest()
        let request = ExecRequest(.arguments(["sh"]), terminal: TerminalSize(columns: 80, rows: 24))
        let (exec, stream) = try await startExec(guest, try await guest.session(), request)
        guest.output([1], at: 0, stream: stream, to: .terminal)
        guest.output([2], at: 500, stream: stream, to: .terminal)
        guest.end(stream, out: 501)
        var offsets: [UInt64] = []
        for try await case .output(let chunk) in exec.events { offsets.append(chunk.offset) }
        #expect(offsets == [0, 500])
    }

    @Test
    func `another reader's takeover is a conflict`() async throws {
        let guest = FakeGuest()
        let (exec, stream) = try await startExec(guest, try await guest.session())
        guest.send(.failure(GuestFailure(.superseded, message: "")), stream: stream)
        #expect(await code { for try await _ in exec.events {} } == .conflict)
    }
}

/// The channel still answers.
func proveOpen(_ guest: FakeGuest, _ session: GuestSession) async throws {
    async let list = session.execs()
    let stream = try await guest.request { $0 == .listExecs }
    guest.send(.response(.execs([])), stream: stream)
    #expect(try await list.isEmpty)
}

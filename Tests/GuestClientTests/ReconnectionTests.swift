import GuestClient
import GuestProtocol
import SandboxCore
import SystemPackage
import Testing

@Suite("A channel that breaks", .timeLimit(.minutes(10)))
struct ReconnectionTests {
    private let sandbox = FakeSandbox()

    private func start(
        _ guest: FakeGuest, _ core: GuestSandboxCore, input: ExecRequest.Input = .none
    ) async throws -> (any RunningExec, UInt32) {
        let starting = Task { try await core.start(ExecRequest(.arguments(["x"]), input: input)) }
        let stream = try await guest.request()
        guest.send(.response(.started(pid: 7)), stream: stream)
        return (try await starting.value, stream)
    }

    @Test
    func `the events go on at the byte where they stopped`() async throws {
        let (first, second) = (sandbox.prepare(), sandbox.prepare())
        let (exec, stream) = try await start(first, sandbox.core())
        var events = exec.events.makeAsyncIterator()
        first.output([1, 2], at: 0, stream: stream)
        #expect(try await events.next() == .output(OutputChunk(channel: .standardOutput, offset: 0, bytes: [1, 2])))
        first.hangUp()
        async let rest = collect(exec.events)
        let again = try await second.request {
            $0 == .attachExec(id: exec.id.rawValue, standardOutput: 2, standardError: 0)
        }
        second.send(.response(.started(pid: 7)), stream: again)
        second.output([3], at: 2, stream: again)
        second.end(again, out: 3)
        let seen = try await rest
        #expect(seen.first == .output(OutputChunk(channel: .standardOutput, offset: 2, bytes: [3])))
        #expect(seen.count == 2)
    }

    @Test
    func `an exec of a dead sandbox is lost`() async throws {
        let guest = sandbox.prepare()
        let core = sandbox.core()
        let (exec, stream) = try await start(guest, core)
        guest.output([1, 2], at: 0, stream: stream)
        sandbox.die()
        guest.hangUp()
        let events = try await collect(exec.events)
        guard case .ended(let ending) = events.last, case .lost = ending.outcome else {
            Issue.record("not lost: \(events)")
            return
        }
        #expect(ending.offsets.standardOutput == 2)
        #expect(events.count == 2)
        #expect(await code { try await core.execs() } == .notFound)
        try await exec.cancel()
        try await core.shutdown(grace: .zero)
    }

    @Test
    func `an exec that a new guest does not know is lost`() async throws {
        let (first, second) = (sandbox.prepare(), sandbox.prepare())
        let (exec, _) = try await start(first, sandbox.core())
        first.hangUp()
        async let events = collect(exec.events)
        let again = try await second.request()
        second.send(.failure(GuestFailure(.notFound, message: "no such exec")), stream: again)
        guard case .ended(let ending) = try await events.last, case .lost = ending.outcome else { throw FakeGuest.Ended() }
    }

    @Test
    func `a start without an answer is never sent again`() async throws {
        let (first, second) = (sandbox.prepare(), sandbox.prepare())
        let core = sandbox.core()
        let starting = Task { try await core.start(ExecRequest(.arguments(["x"]))) }
        try await first.request()
        first.hangUp()
        guard case (let list, .request(.listExecs)) = try await second.until({ if case .request = $0 { true } else { false } }) else {
            throw FakeGuest.Ended()
        }
        second.send(.response(.execs([])), stream: list)
        #expect(await code { try await starting.value } == .unavailable)
        // The next thing that the guest hears is the test's own request.
        async let forgetting: Void = core.forget(.random())
        guard case (let stream, .request(.forgetExec)) = try await second.next() else { throw FakeGuest.Ended() }
        second.send(.response(.done), stream: stream)
        try await forgetting
    }

    @Test
    func `a start whose answer was lost is taken up when the guest knows it`() async throws {
        let (first, second) = (sandbox.prepare(), sandbox.prepare())
        let core = sandbox.core()
        let request = ExecRequest(.arguments(["x"]))
        let starting = Task { try await core.start(request) }
        try await first.request()
        first.hangUp()
        let list = try await second.request { $0 == .listExecs }
        let status = ExecStatus(
            id: request.id.rawValue, pid: 7, standardOutput: 0..<0, standardError: 0..<0, hasTerminal: false, age: 1, end: nil)
        second.send(.response(.execs([status])), stream: list)
        let stream = try await second.request { $0 == .attachExec(id: request.id.rawValue, standardOutput: 0, standardError: 0) }
        second.send(.response(.started(pid: 7)), stream: stream)
        second.end(stream)
        #expect(try await collect(try await starting.value.events).count == 1)
    }

    @Test
    func `input that may have been lost makes later input fail`() async throws {
        let (first, second) = (sandbox.prepare(), sandbox.prepare())
        let (exec, _) = try await start(first, sandbox.core(), input: .stream)
        try await exec.write([1, 2, 3])
        first.hangUp()
        let reading = Task { try await collect(exec.events) }
        let again = try await second.request()
        second.send(.response(.started(pid: 7)), stream: again)
        second.output([1], at: 0, stream: again)
        second.send(.credit(0), stream: again)
        while await code({ try await exec.write([4]) }) == nil {}
        #expect(await code { try await exec.write([4]) } == .unavailable)
        #expect(await code { try await exec.closeInput() } == .unavailable)
        second.end(again, out: 1)
        _ = try await reading.value
    }

    @Test
    func `however many callers there are, the channel is made once`() async throws {
        let guest = sandbox.prepare()
        let core = sandbox.core()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { (try? await core.execs().isEmpty) ?? false } }
            for _ in 0..<20 {
                guard let stream = try? await guest.request() else { break }
                guest.send(.response(.execs([])), stream: stream)
            }
            for await answered in group { #expect(answered) }
        }
        #expect(sandbox.connections == 1)
    }

    @Test
    func `a living sandbox that nobody can reach is unavailable after bounded tries`() async throws {
        let core = sandbox.core()
        #expect(await code { try await core.execs() } == .unavailable)
        #expect(sandbox.connections == 3)
    }

    @Test
    func `a guest that broke the protocol is not trusted with the same exec again`() async throws {
        let guest = sandbox.prepare()
        let (exec, stream) = try await start(guest, sandbox.core())
        guest.output([1], at: 99, stream: stream)
        #expect(await code { try await collect(exec.events) } == .protocolViolation)
        #expect(sandbox.connections == 1)
    }

    @Test
    func `a question that changes nothing is asked again`() async throws {
        let (first, second) = (sandbox.prepare(), sandbox.prepare())
        let core = sandbox.core()
        let reading = Task { try await core.files.read("f", offset: 0, length: 10) }
        try await first.request()
        first.hangUp()
        let stream = try await second.request()
        second.send(.response(.data(bytes: [5], endOfFile: true)), stream: stream)
        #expect(try await reading.value == [5])
    }

    @Test
    func `a change is not asked for twice`() async throws {
        let guest = sandbox.prepare()
        let core = sandbox.core()
        let writing = Task { try await core.files.write([1], to: "f", options: FileWriteOptions()) }
        try await guest.request()
        guest.hangUp()
        #expect(await code { try await writing.value } == .unavailable)
        #expect(sandbox.connections == 1)
    }

    @Test
    func `after closing nothing is connected again`() async throws {
        let guest = sandbox.prepare()
        let core = sandbox.core()
        let (exec, _) = try await start(guest, core)
        core.close()
        #expect(await code { try await core.execs() } == .unavailable)
        #expect(await code { try await collect(exec.events) } == .unavailable)
        #expect(sandbox.connections == 1)
    }

    private func collect(_ events: ExecEvents) async throws -> [ExecEvent] {
        var all: [ExecEvent] = []
        for try await event in events { all.append(event) }
        return all
    }
}

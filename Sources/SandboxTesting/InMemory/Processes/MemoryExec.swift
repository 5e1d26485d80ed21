import SandboxCore
import Synchronization

/// One exec of an in-memory sandbox: its processes, its output, its end.
final class MemoryExec: Sendable {
    private struct State {
        var wish: Wish?
        var supervisor: Task<Void, Never>?
    }

    enum Wish: Sendable, Equatable {
        case cancel
        case lose(reason: String)
    }

    let request: ExecRequest
    let log = OutputLog()
    let group: ProcessGroup
    let leader: MemoryProcess
    private let input: PipeWriter?
    private let state = Mutex(State())
    private let wishBell = Bell()
    private let inputClosed = Mutex(false)

    init(
        request: ExecRequest, program: @escaping Program, arguments: [String], environment: [String: String], directory: [UInt8],
        machine: Machine
    ) {
        self.request = request
        group = ProcessGroup(machine: machine)
        machine.add(group)
        var source: any ByteSource = NullDevice()
        if request.input == .stream {
            let pipe = Pipe()
            source = PipeReader(pipe)
            input = PipeWriter(pipe)
        } else {
            input = nil
        }
        leader = group.spawn(
            program, arguments: arguments, environment: environment, directory: directory,
            descriptors: [
                0: Descriptor(source: source, sink: nil),
                1: Descriptor(source: nil, sink: OutputSink(log, .standardOutput)),
                2: Descriptor(source: nil, sink: OutputSink(log, .standardError)),
            ], parent: nil)
        let supervisor = Task { await self.supervise() }
        state.withLock { $0.supervisor = supervisor }
    }

    private var wish: Wish? { state.withLock { $0.wish } }

    func ask(_ wish: Wish) {
        state.withLock { state in
            // Losing the sandbox outweighs a cancel.
            if state.wish == nil || state.wish == .cancel { state.wish = wish }
        }
        wishBell.ring()
    }

    /// Returns when the end was told and nothing runs any more.
    func ended() async {
        await state.withLock { $0.supervisor }?.value
    }

    private enum First: Sendable {
        case leader(ExecOutcome)
        case deadline
        case wish(Wish)
    }

    private func supervise() async {
        let clock = group.machine.clock
        let duration = await Self.elapsed(clock) { await self.conclude() }
        log.finish(duration.outcome, survivors: group.alive.count, duration: duration.time)
        if group.alive.isEmpty { group.machine.remove(group) }
    }

    private static func elapsed<C: Clock<Duration>>(_ clock: C, _ body: () async -> ExecOutcome) async -> (
        outcome: ExecOutcome, time: Duration
    ) {
        let start = clock.now
        let outcome = await body()
        return (outcome, start.duration(to: clock.now))
    }

    private func conclude() async -> ExecOutcome {
        let outcome: ExecOutcome
        switch await first() {
        case .leader(let own):
            if request.survivors == .kill { await group.killAll() }
            await drain()
            outcome = own
        case .deadline:
            await terminate()
            outcome = .timedOut
        case .wish(.cancel):
            await terminate()
            outcome = .cancelled
        case .wish(.lose(let reason)):
            await group.killAll()
            outcome = .lost(reason: reason)
        }
        if case .lose(let reason) = wish { return .lost(reason: reason) }
        return outcome
    }

    private func first() async -> First {
        let clock = group.machine.clock
        return await withTaskGroup(of: First?.self) { tasks in
            tasks.addTask { [leader] in (try? await leader.ending()).map(First.leader) }
            tasks.addTask { await self.nextWish().map(First.wish) }
            if let timeout = request.timeout {
                tasks.addTask { (try? await clock.sleep(for: timeout)).map { First.deadline } }
            }
            var first: First?
            while first == nil, let answer = await tasks.next() { first = answer }
            tasks.cancelAll()
            // The end of the command wins over a deadline that came in the same moment.
            if case .deadline = first, let own = leader.outcome { return .leader(own) }
            return first ?? .wish(.lose(reason: "the supervising task was cancelled"))
        }
    }

    private func nextWish() async -> Wish? {
        while true {
            let seen = wishBell.count
            if let wish { return wish }
            guard (try? await wishBell.wait(past: seen)) != nil else { return nil }
        }
    }

    /// SIGTERM, grace, SIGKILL; returns when nothing is left.
    private func terminate() async {
        let clock = group.machine.clock
        group.signalAll(.terminate)
        let grace = request.killGrace
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [group] in try? await group.drained() }
            tasks.addTask { try? await clock.sleep(for: grace) }
            await tasks.next()
            tasks.cancelAll()
        }
        await group.killAll()
    }

    /// Waits until nobody can write any more, at most for the drain grace.
    private func drain() async {
        let clock = group.machine.clock
        let grace = request.drainGrace
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [log] in
                while true {
                    let seen = log.bell.count
                    if log.openSinks == 0 { return }
                    guard (try? await log.bell.wait(past: seen)) != nil else { return }
                }
            }
            tasks.addTask { try? await clock.sleep(for: grace) }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    // MARK: Input

    func write(_ bytes: [UInt8]) async throws {
        guard let input else { throw SandboxError(.invalidArgument, "exec \(request.id) reads no input", remedy: "ask for streamed input") }
        guard !inputClosed.withLock({ $0 }) else { throw SandboxError(.conflict, "the input of exec \(request.id) is closed") }
        do { try await input.write(bytes) } catch is BrokenPipe {
            // The command reads no more: what it does not want is dropped, as a shell's pipe does.
        }
    }

    func closeInput() {
        inputClosed.withLock { $0 = true }
        input?.pipe.closeWriter()
    }

    var snapshot: ExecSnapshot {
        ExecSnapshot(
            id: request.id, processID: leader.id, standardOutput: log.kept(.standardOutput), standardError: log.kept(.standardError),
            hasTerminal: false, ending: log.ending)
    }
}

/// A listener to an exec.
struct MemoryRunningExec: RunningExec {
    let exec: MemoryExec
    let reader: Int

    init(_ exec: MemoryExec, from offsets: OutputOffsets) {
        self.exec = exec
        reader = exec.log.newReader(from: offsets)
    }

    var id: ExecID { exec.request.id }
    var processID: Int32? { exec.leader.id }
    var events: ExecEvents {
        ExecEvents { [exec, reader] in try await exec.log.next(for: reader) }
    }
    func write(_ bytes: [UInt8]) async throws { try await exec.write(bytes) }
    func closeInput() async throws { exec.closeInput() }
    func signal(_ signal: ExecSignal) async throws { exec.leader.deliver(signal) }
    func resize(_ size: TerminalSize) async throws {
        throw SandboxError(.unsupported, "exec \(id) has no terminal", remedy: "start it with a terminal size")
    }
    func cancel() async throws {
        guard exec.log.ending == nil else { return }
        exec.ask(.cancel)
    }
    func detach() async {}
}

internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// One command and everything that descends from it: its supervisor, its output, its input, its end.
///
/// The phases are: starting (the supervisor has not reported yet), running, draining (the leader has ended, output is awaited), ended (the
/// outcome is told). What the leader left behind may live on after that, and its output goes on into the rings.
final class Exec {
    /// Why the tree is being killed.
    enum Termination {
        case timeout
        case cancel
    }

    let id: String
    let hasTerminal: Bool
    let ringCapacity: Int
    /// Kept until the command runs, for telling why it could not.
    private var plan: CommandPlan?
    private let killGrace: UInt32
    private let drainGrace: UInt32
    private let timeout: UInt64
    private let killsSurvivors: Bool
    private unowned let server: GuestServer
    private var loop: EventLoop { server.loop }

    private(set) var pid: Int32 = 0
    /// The supervisor has reported; before that nothing is said on the exec's stream, whatever the command has written already.
    private(set) var hasStarted = false
    private(set) var supervisorPid: Int32 = 0
    private var supervisorPidfd: Int32 = -1
    private var supervisor: EventLoop.Watch?
    private let created = EventLoop.microseconds

    let standardOutput: ExecOutput
    let standardError: ExecOutput
    private(set) var input: ExecInput?
    private var terminal: Int32 = -1

    /// Who gets the output and may write input; nil when detached.
    private(set) var subscription: Subscription?

    private var leaderStatus: Int32?
    private var duration: UInt64 = 0
    private var processorTime: UInt64 = 0
    private var peakMemory: UInt64 = 0
    /// The sandbox's count when the command began, then the difference at its end.
    private let memoryKillsBefore: UInt32?
    private var memoryKills: UInt32?
    private var requestedTermination: Termination?
    private var verdict: Termination?
    private var isCounting = false
    /// The kernel has said that nothing of the tree is left.
    private(set) var isTreeEmpty = false
    /// The supervisor was killed.
    private(set) var isLost = false
    private var timeoutTimer: EventLoop.Timer?
    private var killDeadline = UInt64.max
    private var killTimer: EventLoop.Timer?
    private var drainTimer: EventLoop.Timer?
    private var isDrainArmed = false
    private var isDrainOver = false
    /// Set when the outcome has been told.
    private(set) var end: ExecEnd?

    /// Starts the command; whether it really started comes later, as a report of the supervisor.
    init(_ start: ExecStart, plan: CommandPlan, server: GuestServer) throws(GuestFailure) {
        id = start.id
        hasTerminal = start.terminal != nil
        ringCapacity = min(max(Int(start.ringCapacity), 4 << 10), 64 << 20)
        self.plan = plan
        self.server = server
        killGrace = start.killGrace
        drainGrace = start.drainGrace
        timeout = start.timeout
        killsSurvivors = start.killsSurvivors
        memoryKillsBefore = server.memoryKills?.count
        let pipes = try ExecPipes(terminal: start.terminal, hasInput: start.hasInput)
        standardOutput = ExecOutput(start.terminal == nil ? .standardOutput : .terminal, limit: ringCapacity, overflow: start.overflow)
        standardError = ExecOutput(.standardError, limit: ringCapacity, overflow: start.overflow)
        let started: sandlot_supervisor
        do {
            started = try plan.launch(pipes.commandSide, limits: server.commandLimits)
        } catch {
            pipes.closeAll()
            throw error
        }
        pipes.closeCommandSide()
        supervisorPid = started.pid
        supervisorPidfd = started.pidfd
        terminal = hasTerminal ? pipes.output : -1

        let watch = loop.watch(started.channel) { [weak self] _ in self?.hearSupervisor() }
        watch.want(SANDLOT_READABLE)
        supervisor = watch
        standardOutput.attach(to: pipes.output, loop: loop) { [weak self] in self?.outputMoved() }
        if pipes.error >= 0 { standardError.attach(to: pipes.error, loop: loop) { [weak self] in self?.outputMoved() } }
        if pipes.input >= 0 {
            input = ExecInput(pipes.input, isTerminal: hasTerminal, loop: loop) { [weak self] consumed in
                self?.subscription?.returnCredit(consumed)
            }
        }
    }

    deinit {
        if supervisorPidfd >= 0 { close(supervisorPidfd) }
    }

    /// True until nothing of it can run any more.
    var isAlive: Bool { !isTreeEmpty }

    /// True when only the wait for a reader keeps it from its end.
    var isForgettable: Bool { end != nil || (isTreeEmpty && (leaderStatus != nil || isLost)) }

    /// Ring memory held.
    var footprint: Int { standardOutput.ring.footprint + standardError.ring.footprint }

    func output(_ stream: OutputStream) -> ExecOutput { stream == .standardError ? standardError : standardOutput }

    var status: ExecStatus {
        ExecStatus(
            id: id, pid: pid, standardOutput: standardOutput.ring.start..<standardOutput.ring.end,
            standardError: standardError.ring.start..<standardError.ring.end, hasTerminal: hasTerminal,
            age: (EventLoop.microseconds - created) / 1000, end: end)
    }

    // MARK: Subscribers

    /// Takes over from an earlier subscriber.
    func subscribe(_ next: Subscription) {
        if let earlier = subscription {
            earlier.supersede()
        }
        subscription = next
        standardOutput.resume()
        standardError.resume()
        if end != nil { next.finish(at: standardOutput.ring.end, standardError.ring.end) }
    }

    /// Nobody listens any more; output is kept as far as the rings reach.
    func detach(_ leaving: Subscription) {
        if subscription === leaving { subscription = nil }
    }

    /// The subscriber has got bytes below these offsets.
    func acknowledge(standardOutput first: UInt64, standardError second: UInt64) {
        standardOutput.acknowledge(first)
        standardError.acknowledge(second)
    }

    private func outputMoved() {
        subscription?.pump()
        finishIfDone()
    }

    // MARK: Orders

    /// Sends a signal; false when the process it is meant for is gone.
    func signal(_ number: Int32, wholeTree: Bool) -> Bool {
        guard let supervisor, wholeTree ? !isTreeEmpty : leaderStatus == nil else { return false }
        let order = wholeTree ? SANDLOT_ORDER_SIGNAL_TREE : SANDLOT_ORDER_SIGNAL_LEADER
        return sandlot_supervisor_order(supervisor.descriptor, order, number) == 0
    }

    func resize(_ size: WindowSize) {
        if terminal >= 0, standardOutput.isOpen { sandlot_pty_resize(terminal, size.columns, size.rows) }
    }

    /// SIGTERM to the whole tree, `grace`, SIGKILL until nothing is left. A second call can only shorten the grace.
    func terminate(_ reason: Termination, grace: UInt32? = nil) {
        guard !isTreeEmpty, let supervisor else { return }
        let grace = UInt64(grace ?? killGrace)
        if requestedTermination == nil {
            requestedTermination = reason
            if sandlot_supervisor_order(supervisor.descriptor, SANDLOT_ORDER_TERMINATE, 0) != 0 { return killTree() }
        }
        // A host that cancels again and again must not put the end off.
        let deadline = EventLoop.now + grace
        guard deadline < killDeadline else { return }
        killDeadline = deadline
        loop.cancel(killTimer)
        killTimer = loop.after(grace) { [weak self] in self?.killTree() }
    }

    /// SIGKILL to the whole tree.
    func killTree() {
        guard !isTreeEmpty, let supervisor else { return }
        killDeadline = 0
        loop.cancel(killTimer)
        sandlot_supervisor_order(supervisor.descriptor, SANDLOT_ORDER_KILL, 0)
        // A supervisor that a hostile command keeps stopped cannot do it; then its tree falls to the guest, which can.
        killTimer = loop.after(15_000) { [weak self] in
            guard let self, !self.isTreeEmpty, self.supervisorPidfd >= 0 else { return }
            sandlot_pidfd_send_signal(self.supervisorPidfd, SIGKILL)
        }
    }

    // MARK: The supervisor's reports

    private func hearSupervisor() {
        var report = sandlot_report()
        while let supervisor {
            let result = sandlot_supervisor_receive(supervisor.descriptor, &report)
            if result < 0 { return }
            if result == 0 { return supervisorVanished() }
            handle(report)
        }
    }

    private func handle(_ report: sandlot_report) {
        switch report.kind {
        case SANDLOT_REPORT_STARTED.rawValue:
            pid = report.value
            announce()
            if timeout > 0, requestedTermination == nil {
                timeoutTimer = loop.after(timeout) { [weak self] in
                    self?.hearSupervisor()
                    if self?.leaderStatus == nil { self?.terminate(.timeout) }
                }
            }
        case SANDLOT_REPORT_FAILED.rawValue:
            closeSupervisor()
            isTreeEmpty = true
            let failure = plan?.failure(stage: report.value, errno: report.error) ?? GuestFailure(.internalError, message: "cannot start")
            server.execFailedToStart(self)
            closeStreams()
            subscription?.refuse(failure)
        case SANDLOT_REPORT_LEADER_ENDED.rawValue:
            leaderStatus = report.value
            processorTime = report.processor_time
            peakMemory = report.peak_memory
            markEnd()
            loop.cancel(timeoutTimer)
            if killsSurvivors, requestedTermination == nil { killTree() }
            armDrain()
        case SANDLOT_REPORT_TERMINATING.rawValue:
            if leaderStatus == nil { verdict = requestedTermination }
        case SANDLOT_REPORT_COUNT.rawValue:
            isCounting = false
            complete(survivors: UInt32(clamping: report.value))
        case SANDLOT_REPORT_EMPTY.rawValue:
            closeSupervisor()
            treeBecameEmpty()
        default: break
        }
    }

    private func announce() {
        hasStarted = true
        plan = nil
        subscription?.send(.response(.started(pid: pid)))
        subscription?.pump()
    }

    private func supervisorVanished() {
        closeSupervisor()
        isLost = true
        server.sweepOrphans()
    }

    /// The guest has killed what the dead supervisor left.
    func orphansAreGone() {
        if leaderStatus == nil { markEnd() }
        // It may have been killed before it could tell whether the command started.
        if !hasStarted { announce() }
        treeBecameEmpty()
    }

    /// The kernel counts before it kills, so whoever died of it is in the count by now.
    private func markEnd() {
        duration = EventLoop.microseconds - created
        if let before = memoryKillsBefore, let now = server.memoryKills?.count { memoryKills = now &- before }
    }

    private func treeBecameEmpty() {
        isTreeEmpty = true
        isCounting = false
        loop.cancel(killTimer)
        loop.cancel(timeoutTimer)
        input?.close()
        armDrain()
        if end != nil { settle() }
        server.treeIsGone(self)
    }

    private func closeSupervisor() {
        supervisor?.close()
        supervisor = nil
    }

    // MARK: The end

    private var mustBeEmpty: Bool { killsSurvivors || isLost || requestedTermination != nil }

    /// From here on output is awaited for `drainGrace` at most.
    private func armDrain() {
        guard end == nil, leaderStatus != nil || isLost, !mustBeEmpty || isTreeEmpty else { return }
        if !isDrainArmed {
            isDrainArmed = true
            if standardOutput.isOpen || standardError.isOpen {
                drainTimer = loop.after(UInt64(drainGrace)) { [weak self] in
                    guard let self else { return }
                    self.isDrainOver = true
                    self.standardOutput.markTarget()
                    self.standardError.markTarget()
                    self.finishIfDone()
                }
            }
        }
        finishIfDone()
    }

    private func finishIfDone() {
        if end != nil { return settle() }
        guard isDrainArmed, !isCounting, !mustBeEmpty || isTreeEmpty else { return }
        for output in [standardOutput, standardError] where output.isOpen {
            guard isDrainOver, output.hasReachedTarget else { return }
        }
        if isTreeEmpty || isLost { return complete(survivors: 0) }
        isCounting = true
        if let supervisor, sandlot_supervisor_order(supervisor.descriptor, SANDLOT_ORDER_COUNT, 0) == 0 { return }
        complete(survivors: 0)
    }

    private func complete(survivors: UInt32) {
        guard end == nil else { return }
        loop.cancel(drainTimer)
        end = ExecEnd(
            outcome: outcome, standardOutputEnd: standardOutput.ring.end, standardErrorEnd: standardError.ring.end, survivors: survivors,
            duration: duration, processorTime: processorTime, peakMemory: peakMemory,
            memoryKills: memoryKills)
        subscription?.finish(at: standardOutput.ring.end, standardError.ring.end)
        settle()
        server.execEnded(self)
    }

    private var outcome: GuestOutcome {
        if let verdict { return verdict == .timeout ? .timedOut : .cancelled }
        guard let leaderStatus else { return .lost }
        let number = sandlot_exit_signal(leaderStatus)
        if number != 0 { return .signaled(number: number, coreDumped: sandlot_core_dumped(leaderStatus)) }
        return .exited(code: sandlot_exit_code(leaderStatus))
    }

    /// Gives memory back once nothing can come any more.
    private func settle() {
        if isTreeEmpty { input?.close() }
        if !standardOutput.isOpen { standardOutput.ring.shrink() }
        if !standardError.isOpen { standardError.ring.shrink() }
    }

    /// Gives up the output kept so far; offsets stay true.
    func dropOutput() {
        subscription?.keepCopy()
        standardOutput.ring.clear()
        standardError.ring.clear()
        standardOutput.resume()
        standardError.resume()
    }

    /// Output goes nowhere from now on.
    func muffle() {
        standardOutput.muffle()
        standardError.muffle()
    }

    /// Drops everything; for an exec that is forgotten.
    func closeStreams() {
        standardOutput.close()
        standardError.close()
        input?.close()
        for timer in [timeoutTimer, killTimer, drainTimer] { loop.cancel(timer) }
    }
}

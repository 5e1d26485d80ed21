import CSandlotSystem
import Glibc
import GuestProtocol
import Testing

@Suite("Process trees", .serialized)
struct ExecTreeTests {
    let guest: GuestProcess
    let channel: HostChannel

    init() throws {
        guest = try GuestProcess()
        channel = try guest.connect()
    }

    /// Starts a line that prints the pid of a daemon in a session of its own, and waits for that pid.
    private func startDaemon(_ line: String, _ change: (inout ExecStart) -> Void = { _ in }) throws -> (
        UInt32, HostChannel.Finished, Witness
    ) {
        let stream = channel.request(.startExec(.shell(line, change)))
        let finished = try channel.collect(stream) { $0.text.hasSuffix("\n") }
        guard let pid = Int32(finished.text.dropLast()) else { throw TestFailure("no pid: \(finished)") }
        return (stream, finished, try Witness(pid))
    }

    private static let daemon = "setsid sh -c '(setsid sh -c \"echo \\$\\$; exec sleep 1000\" &)' & "

    @Test func `a timeout kills a daemon that called setsid and forked twice`() throws {
        let (stream, begun, daemon) = try startDaemon(ExecTreeTests.daemon + "sleep 1000", { $0.timeout = 500 })
        let finished = try channel.collect(stream, into: begun)
        #expect(finished.outcome == .timedOut)
        #expect(daemon.isDead())
    }

    @Test func `output before a timeout is kept`() throws {
        let finished = try channel.run(.shell("echo first; sleep 1000", { $0.timeout = 300 }))
        #expect(finished.text == "first\n")
        #expect(finished.outcome == .timedOut)
    }

    @Test func `a command that ignores SIGTERM is killed after its grace`() throws {
        let finished = try channel.run(.shell("trap '' TERM; while :; do sleep 0.01; done", { ($0.timeout, $0.killGrace) = (100, 200) }))
        #expect(finished.outcome == .timedOut)
        #expect((finished.end?.duration ?? 0) >= 300_000)
    }

    @Test func `cancelling kills the whole tree`() throws {
        let (stream, begun, daemon) = try startDaemon(ExecTreeTests.daemon + "sleep 1000")
        channel.send(.cancel, stream: stream)
        #expect(try channel.collect(stream, into: begun).outcome == .cancelled)
        #expect(daemon.isDead())
    }

    @Test func `a child that holds the output does not hold the end`() throws {
        let finished = try channel.run(.shell("echo out; sleep 1000 & exit 5", { $0.drainGrace = 50 }))
        #expect(finished.outcome == .exited(code: 5))
        #expect(finished.text == "out\n")
        #expect(finished.end?.survivors == 1)
    }

    @Test func `survivors are killed on request before the end is told`() throws {
        let (stream, begun, daemon) = try startDaemon(ExecTreeTests.daemon + "read x", { ($0.killsSurvivors, $0.hasInput) = (true, true) })
        channel.send(.inputEnd, stream: stream)
        let finished = try channel.collect(stream, into: begun)
        #expect(finished.outcome == .exited(code: 1))
        #expect(finished.end?.survivors == 0)
        #expect(daemon.isDead())
    }

    @Test func `survivors can be cancelled, and forgotten ones live on until then`() throws {
        let (stream, begun, daemon) = try startDaemon(
            ExecTreeTests.daemon + "read x",
            {
                ($0.id, $0.hasInput, $0.drainGrace) = ("kept", true, 10)
            })
        channel.send(.inputEnd, stream: stream)
        #expect(try channel.collect(stream, into: begun).end?.survivors == 1)
        #expect(!daemon.isDead())
        #expect(try channel.ask(.cancelExec(id: "kept")) == .done)
        #expect(daemon.isDead(within: 10_000))
    }

    @Test func `output that a survivor writes after the end is read by attaching`() throws {
        let line = "exec 3<&0; (read x <&3; echo later) & echo now"
        let stream = channel.request(.startExec(.shell(line, id: "late", { ($0.drainGrace, $0.hasInput) = (10, true) })))
        let finished = try channel.collect(stream)
        #expect(finished.text == "now\n")
        #expect(finished.end?.standardOutputEnd == 4)
        channel.send(.input([10]), stream: stream)
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(20)
        while try channel.status(of: "late")?.standardOutput.upperBound != 10, clock.now < deadline {}
        #expect(try channel.collect(channel.request(.attachExec(id: "late", standardOutput: 4, standardError: 0))).text == "later\n")
    }

    @Test func `a signal goes to the leader or to the whole tree`() throws {
        let stream = channel.request(.startExec(.shell("trap 'echo got; exit 3' USR1; echo ready; while :; do sleep 0.01; done", id: "s")))
        let begun = try channel.collect(stream) { $0.text == "ready\n" }
        #expect(try channel.ask(.signalExec(id: "s", signal: SIGUSR1, wholeTree: false)) == .done)
        let finished = try channel.collect(stream, into: begun)
        #expect(finished.outcome == .exited(code: 3))
        #expect(finished.text == "ready\ngot\n")
        #expect(throws: GuestFailure.self) { try channel.ask(.signalExec(id: "s", signal: SIGUSR1, wholeTree: false)) }

        let (other, before, daemon) = try startDaemon(ExecTreeTests.daemon + "sleep 1000", { $0.id = "t" })
        #expect(try channel.ask(.signalExec(id: "t", signal: SIGTERM, wholeTree: true)) == .done)
        #expect(try channel.collect(other, into: before).outcome == .signaled(number: SIGTERM, coreDumped: false))
        #expect(daemon.isDead(within: 10_000))
    }

    @Test func `a command that kills its supervisor is lost, and nothing of it is left`() throws {
        let (stream, begun, daemon) = try startDaemon(ExecTreeTests.daemon + "read x; kill -9 $PPID; sleep 1000", { $0.hasInput = true })
        channel.send(.input([10]), stream: stream)
        #expect(try channel.collect(stream, into: begun).outcome == .lost)
        #expect(daemon.isDead())
        #expect(try channel.run(.shell("echo on")).text == "on\n")
    }

    @Test func `a command that stops its supervisor is timed out all the same`() throws {
        #expect(try channel.run(.shell("kill -STOP $PPID; sleep 1000", { $0.timeout = 200 })).outcome == .timedOut)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a fork bomb is killed to the last process`() throws {
        let user: UInt32 = 48_000 + UInt32(getpid() % 1000)
        let line = "ulimit -u 300; b() { b | b & }; b; while :; do sleep 1; done"
        let finished = try channel.run(
            .command(
                ["bash", "-c", line],
                {
                    ($0.user, $0.timeout, $0.killGrace) = (Array("\(user)".utf8), 1000, 0)
                }))
        #expect(finished.outcome == .timedOut)
        #expect(processes { _, owner, _ in owner == user }.isEmpty)
        try channel.ping()
    }

    @Test func `shutting down kills everything, answers and ends the guest`() throws {
        let (_, _, daemon) = try startDaemon(ExecTreeTests.daemon + "sleep 1000")
        #expect(try channel.ask(.shutdown(grace: 100)) == .done)
        #expect(daemon.isDead())
        #expect(guest.ends())
    }

    @Test func `when the guest is killed, its commands do not outlive it`() throws {
        let (_, _, daemon) = try startDaemon(ExecTreeTests.daemon + "sleep 1000")
        kill(guest.pid, SIGKILL)
        #expect(daemon.isDead(within: 10_000))
    }
}

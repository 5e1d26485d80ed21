import SandboxCore
import SandboxStore
import SandboxTesting
import Testing

@testable import SandboxEngine

@Suite("Restarts and neighbours")
struct RestartTests {
    @Test func `a command goes on over a restart and its true end is read`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        let exec = try await first.start(session.id, ExecRequest(.shell("echo one; cat; exit 7"), input: .stream))
        var events = exec.events.makeAsyncIterator()
        _ = try await events.next()
        await first.die()
        let second = try fixture.engine()
        let report = try await second.reconcile()
        #expect(report.adopted == [session.id])
        #expect(report.resumed == [exec.id])
        #expect(report.problems == [])
        let control = try await second.attach(to: exec.id)
        try await control.write(Array("two".utf8))
        try await control.closeInput()
        #expect(try await second.wait(for: exec.id).ending?.outcome == .exited(code: 7))
        #expect(try await second.text(of: exec.id) == "one\ntwo")
        #expect(fixture.backend.startedCommands.count == 1)
        await second.shutdown()
    }

    @Test func `a command that ended while no engine was there is read truthfully without a reconciliation`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        let exec = try await first.start(session.id, ExecRequest(.shell("cat; exit 3"), input: .stream))
        await first.die()
        let second = try fixture.engine()
        try await second.attach(to: exec.id).closeInput()
        #expect(try await second.wait(for: exec.id).ending?.outcome == .exited(code: 3))
        await second.shutdown()
    }

    @Test func `a command that ended while no engine was there keeps nobody from closing its session`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        let exec = try await first.start(session.id, ExecRequest(.shell("cat; exit 3"), input: .stream))
        let reference = try #require(try await fixture.backend.list(owner: first.store.owner).first)
        await first.die()
        let running = try await fixture.backend.attach(to: reference).attach(to: exec.id, from: .zero)
        try await running.closeInput()
        for try await event in running.events { if case .ended = event { break } }
        await running.detach()
        let second = try fixture.engine()
        try await second.close(session.id)
        #expect(try await second.exec(exec.id).ending?.outcome == .exited(code: 3))
        await second.shutdown()
    }

    @Test func `a sandbox that died with its engine fails the session and loses the command`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        let exec = try await first.start(session.id, ExecRequest(.shell("sleep 1000")))
        await first.die()
        await fixture.backend.killSandbox(try #require(session.sandbox))
        let second = try fixture.engine()
        let report = try await second.reconcile()
        #expect(report.failed == [session.id])
        #expect(try await second.session(session.id.rawValue).state == .failed)
        guard case .lost = try await second.exec(exec.id).ending?.outcome else { return #expect(Bool(false), "not lost") }
        #expect(await code { _ = try await second.run(session.id, "true") } == .conflict)
        #expect(fixture.backend.sandboxIDs.isEmpty)
        try await second.close(session.id)
        await second.shutdown()
    }

    @Test func `what an engine made and could not record is reaped, and nothing of anybody else`() async throws {
        let fixture = EngineFixture()
        let engine = try fixture.engine()
        let session = try await engine.open(SessionRequest())
        _ = try await fixture.backend.create(SandboxSpec(owner: engine.store.owner)) { _ in }
        let foreign = try await fixture.backend.create(SandboxSpec(owner: .random())) { _ in }
        let report = try await engine.reconcile()
        #expect(report.reaped.count == 1)
        #expect(Set(fixture.backend.sandboxIDs) == [try #require(session.sandbox), foreign.reference.id])
        await engine.shutdown()
    }

    @Test func `an engine that died while making a sandbox leaves a session that can still be used`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest(), prepare: false)
        fixture.backend.faults.holdCreate()
        let making = Task { try await first.prepare(session.id) }
        try await fixture.backend.faults.createIsHeld()
        await first.die()
        _ = try? await making.value
        fixture.backend.faults.releaseCreate()
        let second = try fixture.engine()
        try await second.reconcile()
        #expect(try await second.run(session.id, "echo here").text == "here\n")
        #expect(fixture.backend.sandboxIDs.count == 1)
        await second.shutdown()
    }

    @Test func `two engines prepare one session once and both run commands in it`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let second = try fixture.engine()
        let session = try await first.open(SessionRequest(), prepare: false)
        async let one = first.prepare(session.id).reference.id
        async let two = second.prepare(session.id).reference.id
        #expect(try await one == two)
        #expect(fixture.backend.madeSandboxes.count == 1)
        _ = try await first.run(session.id, "echo shared > file")
        #expect(try await second.run(session.id, "cat file").text == "shared\n")
        #expect(try await second.reconcile() == ReconciliationReport())
        try await second.close(session.id)
        #expect(await code { _ = try await first.run(session.id, "true") } == .conflict)
        await first.shutdown()
        await second.shutdown()
    }

    @Test func `a living engine's command is followed and controlled from another engine`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let second = try fixture.engine()
        let session = try await first.open(SessionRequest())
        let exec = try await first.start(session.id, ExecRequest(.shell("echo one; cat; exit 4"), input: .stream))
        var events = exec.events.makeAsyncIterator()
        _ = try await events.next()
        var output = try await second.output(of: exec.id, channel: .standardOutput, follow: true).makeAsyncIterator()
        #expect(try await output.next()?.bytes == Array("one\n".utf8))
        async let ended = second.wait(for: exec.id)
        try await exec.write(Array("two".utf8))
        #expect(try await output.next()?.bytes == Array("two".utf8))
        try await exec.closeInput()
        #expect(try await output.next() == nil)
        #expect(try await ended.ending?.outcome == .exited(code: 4))
        await second.shutdown()
        await first.shutdown()
    }

    @Test func `a session bound to its creator ends with it, by farewell or by death`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        _ = try await first.open(SessionRequest(endsWithCreator: true))
        await first.shutdown()
        #expect(fixture.backend.sandboxIDs.isEmpty)
        let second = try fixture.engine()
        let session = try await second.open(SessionRequest(endsWithCreator: true))
        await second.die()
        let third = try fixture.engine()
        #expect(try await third.reconcile().closed == [session.id])
        #expect(fixture.backend.sandboxIDs.isEmpty)
        await third.shutdown()
    }
}

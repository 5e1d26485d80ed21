import SandboxCore
import SandboxTesting
import Testing

@testable import SandboxEngine

@Suite("A sandbox whose backend's settings changed", .timeLimit(.minutes(1)))
struct RenewingTests {
    @Test("is made anew when the next engine takes it up, and its workspace is carried over")
    func renewed() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        _ = try await first.run(session.id, "mkdir d; echo kept > d/f; chmod 755 d/f; ln -s d/f l")
        await first.die()
        fixture.backend.changeSettings()
        let second = try fixture.engine()
        #expect(try await second.run(session.id, "cat l").text == "kept\n")
        let after = try await second.session(session.id.rawValue)
        let made = try #require(after.sandbox)
        #expect(made != session.sandbox && fixture.backend.sandboxIDs == [made])
        #expect(try await second.allEvents(session.id).contains { $0.kind == .sessionMoved })
        await second.die()
        let third = try fixture.engine()
        #expect(try await third.reconcile().adopted == [session.id])
        #expect(try await third.session(session.id.rawValue).sandbox == after.sandbox, "made anew although nothing changed")
        await third.shutdown()
    }

    @Test("stays as it is while a command runs in it, and the event tells why")
    func busy() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        let exec = try await first.start(session.id, ExecRequest(.shell("cat; exit 7"), input: .stream))
        await first.die()
        fixture.backend.changeSettings()
        let second = try fixture.engine()
        #expect(try await second.reconcile().adopted == [session.id])
        #expect(try await second.session(session.id.rawValue).sandbox == session.sandbox)
        try await second.attach(to: exec.id).closeInput()
        #expect(try await second.wait(for: exec.id).ending?.outcome == .exited(code: 7))
        let event = try await second.allEvents(session.id).first { $0.kind == .sandboxOutdated }
        #expect(event?.payload["reason"]?.contains("\(exec.id)") == true)
        await second.shutdown()
    }

    @Test("stays as it is when no new one can be made, and beside a living engine")
    func kept() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest())
        _ = try await first.run(session.id, "echo kept > f")
        fixture.backend.changeSettings()
        let beside = try fixture.engine()
        #expect(try await beside.run(session.id, "cat f").text == "kept\n")
        #expect(try await beside.session(session.id.rawValue).sandbox == session.sandbox)
        await beside.die()
        await first.die()
        fixture.backend.setAvailability(.unavailable(reason: "full", remedy: "make room"))
        let next = try fixture.engine()
        #expect(try await next.run(session.id, "cat f").text == "kept\n")
        #expect(try await next.session(session.id.rawValue).sandbox == session.sandbox)
        #expect(try await next.allEvents(session.id).contains { $0.kind == .sandboxOutdated })
        await next.shutdown()
    }
}

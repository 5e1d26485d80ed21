import SandboxCore
import SandboxTesting
import SystemPackage
import Testing

@testable import SandboxEngine

@Suite("Sessions")
struct SessionTests {
    @Test func `a session is opened, runs a command and is closed with its sandbox`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest(name: "web"))
            #expect(session.state == .ready)
            #expect(try await engine.session("web") == session)
            let (text, ending) = try await engine.run(session.id, "echo hello")
            #expect(text == "hello\n")
            #expect(ending.outcome == .exited(code: 0))
            try await engine.close(session.id)
            #expect(try await engine.session(session.id.rawValue).state == .closed)
            #expect(fixture.backend.sandboxIDs.isEmpty)
            let kinds = try await engine.allEvents(session.id).map(\.kind)
            #expect(kinds == [.sessionOpened, .preparing, .prepared, .execStarted, .execEnded, .sessionClosing, .sessionClosed])
        }
    }

    @Test func `fifty callers prepare one sandbox once`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest(), prepare: false)
            #expect(session.state == .opening)
            fixture.backend.faults.holdCreate()
            let found = try await withThrowingTaskGroup(of: SandboxID.self) { group in
                for _ in 0..<50 { group.addTask { try await engine.prepare(session.id).reference.id } }
                try await fixture.backend.faults.createIsHeld()
                fixture.backend.faults.releaseCreate()
                return try await group.reduce(into: Set<SandboxID>()) { $0.insert($1) }
            }
            #expect(found.count == 1)
            #expect(fixture.backend.madeSandboxes.count == 1)
        }
    }

    @Test func `a caller that is cancelled leaves the others' preparation alone`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest(), prepare: false)
            fixture.backend.faults.holdCreate()
            let first = Task { try await engine.prepare(session.id) }
            try await fixture.backend.faults.createIsHeld()
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            fixture.backend.faults.releaseCreate()
            _ = try await engine.prepare(session.id)
            #expect(fixture.backend.madeSandboxes.count == 1)
        }
    }

    @Test func `an automatic choice fails over before the sandbox exists, and says so`() async throws {
        let first = InMemoryBackend(id: BackendID(unchecked: "first"), isolation: .container)
        let second = InMemoryBackend(id: BackendID(unchecked: "second"), isolation: .namespace)
        let fixture = EngineFixture()
        let engine = try fixture.engine([first, second])
        first.faults.failCreate(SandboxError(.unavailable, "no room"))
        let session = try await engine.open(SessionRequest())
        #expect(session.backend.rawValue == "second")
        #expect(session.decision.reasons.map(\.verdict) == [.failedOver, .chosen])
        #expect(try await engine.allEvents(session.id).map(\.kind).contains(.failover))
        first.faults.failCreate(SandboxError(.unavailable, "no room"))
        #expect(await code { _ = try await engine.open(SessionRequest(backend: BackendID(unchecked: "first"))) } == .unavailable)
        first.faults.failCreate(SandboxError(.denied, "no"))
        #expect(await code { _ = try await engine.open(SessionRequest()) } == .denied)
        first.faults.failCreate(SandboxError(.unavailable, "no room"))
        #expect(await code { _ = try await engine.open(SessionRequest(floor: .container)) } == .unavailable)
        #expect(try await engine.sessions().count == 1)
        await engine.shutdown()
    }

    @Test func `a failure that may pass leaves a lazy session to its next use, another one does not`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest(), prepare: false)
            fixture.backend.faults.failCreate(SandboxError(.timeout, "too slow"))
            #expect(await code { _ = try await engine.prepare(session.id) } == .timeout)
            let failed = try await engine.session(session.id.rawValue)
            #expect(failed.state == .failed && failed.mayRetry)
            #expect(failed.failure?.contains("too slow") == true)
            #expect(try await engine.run(session.id, "echo again").text == "again\n")
            let ready = try await engine.session(session.id.rawValue)
            #expect(ready.state == .ready && !ready.mayRetry && ready.failure == nil)

            let hopeless = try await engine.open(SessionRequest(), prepare: false)
            fixture.backend.faults.failCreate(SandboxError(.unsupported, "never"))
            #expect(await code { _ = try await engine.prepare(hopeless.id) } == .unsupported)
            #expect(await code { _ = try await engine.prepare(hopeless.id) } == .conflict)
        }
    }

    @Test func `sessions of one agent share a sandbox until the last one closes`() async throws {
        try await EngineFixture.run { fixture, engine in
            let first = try await engine.open(SessionRequest(agent: "ann:main", scope: .agent))
            let second = try await engine.open(SessionRequest(agent: "ann:main", scope: .agent))
            let other = try await engine.open(SessionRequest(agent: "bob", scope: .agent))
            #expect(first.sandbox == second.sandbox)
            #expect(first.sandbox != other.sandbox)
            _ = try await engine.run(first.id, "echo hi > note")
            try await engine.close(first.id)
            #expect(try await engine.run(second.id, "cat note").text == "hi\n")
            #expect(await code { _ = try await engine.open(SessionRequest(agent: "ann:main", scope: .agent, network: .open)) } == .conflict)
            try await engine.close(second.id)
            let left = try #require(other.sandbox)
            #expect(fixture.backend.sandboxIDs == [left])
        }
    }

    @Test func `a sandbox that cannot be destroyed keeps its session, which says why`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest())
            fixture.backend.faults.failDestroy(SandboxError(.unavailable, "stuck"))
            #expect(await code { try await engine.close(session.id) } == .unavailable)
            let record = try await engine.session(session.id.rawValue)
            #expect(record.state == .closing)
            #expect(record.failure?.contains("stuck") == true)
            #expect(try await engine.reconcile().closed == [session.id])
            #expect(fixture.backend.sandboxIDs.isEmpty)
        }
    }

    @Test func `a running command holds up a close without force`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("sleep 1000")))
            #expect(await code { try await engine.close(session.id) } == .conflict)
            try await engine.close(session.id, force: true)
            #expect(try await engine.exec(exec.id).ending?.outcome == .cancelled)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `a forced close cancels what another engine follows, and its last words are kept`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(
                session.id, ExecRequest(.shell("trap 'echo bye; exit 0' TERM; echo hi; while true; do sleep 1; done")))
            for try await chunk in try await engine.output(of: exec.id, channel: .standardOutput, follow: true) where !chunk.bytes.isEmpty {
                break
            }
            let other = try fixture.engine()
            try await other.close(session.id, force: true)
            #expect(try await other.exec(exec.id).ending?.outcome == .cancelled)
            #expect(try await engine.wait(for: exec.id).ending?.outcome == .cancelled)
            #expect(try await engine.text(of: exec.id, follow: true) == "hi\nbye\n")
            await other.shutdown()
        }
    }

    @Test func `a sandbox that does not answer is destroyed all the same, and its execs are lost`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("sleep 1000")))
            await fixture.backend.killSandbox(try #require(session.sandbox))
            guard case .lost = try await engine.wait(for: exec.id).ending?.outcome else { return #expect(Bool(false), "not lost") }
            try await engine.close(session.id, force: true)
            #expect(try await engine.session(session.id.rawValue).state == .closed)
        }
    }

    @Test func `a session that is not used is closed when its time is over`() async throws {
        try await EngineFixture.run { fixture, engine in
            let service = Task { try await engine.run() }
            let session = try await engine.open(SessionRequest(idleTimeToLive: .milliseconds(30)))
            for try await event in engine.events(session: session.id, follow: true) where event.kind == .sessionClosed { break }
            service.cancel()
            _ = try? await service.value
            #expect(try await engine.allEvents(session.id).map(\.kind).contains(.sessionExpired))
            #expect(fixture.backend.sandboxIDs.isEmpty)
        }
    }

    @Test func `a running command keeps a session from being idle`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest(idleTimeToLive: .milliseconds(1)))
            let exec = try await engine.start(session.id, ExecRequest(.shell("sleep 1000")))
            #expect(try await engine.expireSessions() == nil)
            #expect(try await engine.session(session.id.rawValue).expiresAt == nil)
            try await exec.cancel()
            _ = try await engine.wait(for: exec.id)
            #expect(try await engine.session(session.id.rawValue).expiresAt != nil)
        }
    }

    @Test func `environment values are never on disk and are asked for again after a restart`() async throws {
        let fixture = EngineFixture()
        let first = try fixture.engine()
        let session = try await first.open(SessionRequest(environment: ["TOKEN": "s3cr3t-value"]))
        #expect(try await first.run(session.id, "echo $TOKEN").text == "s3cr3t-value\n")
        await first.die()
        let second = try fixture.engine()
        #expect(await code { _ = try await second.run(session.id, "true") } == .conflict)
        _ = try await second.update(session.id, SessionPatch(environment: ["TOKEN": "again"]))
        #expect(try await second.run(session.id, "echo $TOKEN").text == "again\n")
        for name in ["sandlot.db", "sandlot.db-wal"] {
            let path = fixture.data.appending(name).string
            guard let bytes = try? [UInt8](contentsOfFile: path) else { continue }
            #expect(!String(decoding: bytes, as: UTF8.self).contains("s3cr3t"))
        }
        await second.shutdown()
    }

    @Test func `a request that cannot be enforced is refused before anything is stored`() async throws {
        try await EngineFixture.run { _, engine in
            #expect(await code { _ = try await engine.open(SessionRequest(limits: ResourceLimits(memory: 1 << 20))) } == .unsupported)
            #expect(await code { _ = try await engine.open(SessionRequest(sandbox: false)) } == .denied)
            #expect(await code { _ = try await engine.open(SessionRequest(name: "Not A Name")) } == .invalidArgument)
            #expect(await code { _ = try await engine.open(SessionRequest(scope: .agent)) } == .invalidArgument)
            let stored = try await engine.sessions(includingClosed: true)
            #expect(stored.isEmpty)
        }
    }

    @Test func `the backend changes only while there is no sandbox`() async throws {
        let other = InMemoryBackend(id: BackendID(unchecked: "other"))
        let fixture = EngineFixture()
        let engine = try fixture.engine([fixture.backend, other])
        let session = try await engine.open(SessionRequest(), prepare: false)
        let changed = try await engine.update(session.id, SessionPatch(name: "renamed", backend: other.descriptor.id))
        #expect(changed.backend == other.descriptor.id)
        _ = try await engine.prepare(session.id)
        #expect(other.sandboxIDs.count == 1)
        #expect(
            await code { _ = try await engine.update(session.id, SessionPatch(backend: fixture.backend.descriptor.id)) } == .unsupported)
        #expect(try await engine.session("renamed").id == session.id)
        await engine.shutdown()
    }
}

@Suite("Retention")
struct RetentionTests {
    @Test func `closed sessions and the oldest output are forgotten when it is time`() async throws {
        try await EngineFixture.run(InMemoryBackend(), { $0.outputTotalLimit = 6 }) { fixture, engine in
            let session = try await engine.open(SessionRequest())
            let old = try await engine.start(session.id, ExecRequest(.shell("echo old")))
            _ = try await engine.wait(for: old.id)
            let young = try await engine.start(session.id, ExecRequest(.shell("echo young")))
            _ = try await engine.wait(for: young.id)
            try await engine.prune()
            #expect(try await engine.text(of: old.id) == "")
            #expect(try await engine.exec(old.id).dropped.standardOutput == 4)
            #expect(try await engine.text(of: young.id) == "young\n")
            try await engine.close(session.id)
            try await engine.prune()
            #expect(try await engine.session(session.id.rawValue).state == .closed)
            await engine.shutdown()
            let later = try fixture.engine { $0.retention = .milliseconds(-1) }
            try await later.prune()
            #expect(await code { _ = try await later.session(session.id.rawValue) } == .notFound)
            #expect(await code { _ = try await later.exec(young.id) } == .notFound)
            let events = try await later.allEvents()
            #expect(events.isEmpty)
            await later.shutdown()
        }
    }
}

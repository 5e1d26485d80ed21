import Foundation
import SandboxCore
import SandboxTesting
import SandboxWorkspace
import SystemPackage
import Testing

@testable import SandboxEngine

@Suite("Synced workspaces", .timeLimit(.minutes(10)))
struct WorkspaceTests {
    /// A project on the host and an engine whose sessions work on copies of it.
    private func withProject(_ body: (EngineFixture, Engine, FilePath) async throws -> Void) async throws {
        let project = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-project-\(UUID().uuidString)").path)
        try FileManager.default.createDirectory(atPath: project.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: project.string) }
        try write("one\n", project, "a.txt")
        try await EngineFixture.run { fixture, engine in try await body(fixture, engine, project) }
    }

    private func write(_ text: String, _ project: FilePath, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: project.appending(name).string))
    }

    private func read(_ project: FilePath, _ name: String) -> String? {
        FileManager.default.contents(atPath: project.appending(name).string).map { String(decoding: $0, as: UTF8.self) }
    }

    private func request(_ project: FilePath, _ change: (inout WorkspaceSync) -> Void = { _ in }) -> SessionRequest {
        var sync = WorkspaceSync(directory: project)
        change(&sync)
        return SessionRequest(workspace: .synced(sync))
    }

    @Test("the first command finds the host's files, and closing brings the work out")
    func wholeLife() async throws {
        try await withProject { fixture, engine, project in
            let session = try await engine.open(request(project))
            #expect(try await engine.run(session.id, "cat a.txt; echo two >> a.txt; echo new > made").text == "one\n")
            try write("host's", project, "host.txt")
            #expect(try await engine.push(session.id).changes.map(\.path.description) == ["host.txt"])
            #expect(try await engine.run(session.id, "cat host.txt").text == "host's")
            try await engine.close(session.id)
            #expect(read(project, "a.txt") == "one\ntwo\n" && read(project, "made") == "new\n")
            let kinds = try await engine.allEvents(session.id).map(\.kind)
            #expect(kinds.contains(.workspacePushed) && kinds.contains(.workspacePulled))
            #expect(fixture.backend.sandboxIDs.isEmpty)
        }
    }

    @Test("when the work cannot be brought out the sandbox is kept, the session says why, and the next close goes on")
    func failedPull() async throws {
        try await withProject { fixture, engine, project in
            let session = try await engine.open(request(project))
            _ = try await engine.run(session.id, "echo precious > work")
            let away = FilePath(project.string + ".away")
            try FileManager.default.moveItem(atPath: project.string, toPath: away.string)
            #expect(await code { try await engine.close(session.id) } == .notFound)
            let stuck = try await engine.session(session.id.rawValue)
            #expect(stuck.state == .closing && stuck.failure?.contains("could not be brought out") == true)
            #expect(fixture.backend.sandboxIDs.count == 1)
            try FileManager.default.moveItem(atPath: away.string, toPath: project.string)
            try await engine.close(session.id)
            #expect(read(project, "work") == "precious\n" && fixture.backend.sandboxIDs.isEmpty)
        }
    }

    @Test("the work of a killed engine is brought out by the next")
    func killed() async throws {
        try await withProject { fixture, engine, project in
            var wanted = request(project)
            wanted.endsWithCreator = true
            let first = try fixture.engine()
            let session = try await first.open(wanted)
            _ = try await first.run(session.id, "echo precious > work")
            await first.die()
            let report = try await engine.reconcile()
            #expect(report.closed == [session.id], "\(report)")
            #expect(read(project, "work") == "precious\n")
        }
    }

    @Test("a conflict is kept on both sides until somebody settles it", arguments: [ConflictSettlement.takeHost, .takeSandbox])
    func conflict(settlement: ConflictSettlement) async throws {
        try await withProject { _, engine, project in
            let session = try await engine.open(request(project))
            _ = try await engine.run(session.id, "echo inside > a.txt")
            try write("outside\n", project, "a.txt")
            #expect(try await engine.pull(session.id).conflicts.count == 1)
            #expect(read(project, "a.txt") == "outside\n")
            #expect(try await engine.content(of: "a.txt", .sandbox, in: session.id) == Array("inside\n".utf8))
            #expect(try await engine.content(of: "a.txt", .host, in: session.id) == Array("outside\n".utf8))
            #expect(try await engine.content(of: "a.txt", .base, in: session.id) == nil)
            let kept = try await engine.conflict("a.txt", of: session.id)
            #expect(try await engine.versions(of: kept, in: session.id) == [.host, .sandbox])
            try await engine.settle("a.txt", of: session.id, settlement)
            #expect(try await engine.conflicts(of: session.id).isEmpty)
            let winner = settlement == .takeHost ? "outside\n" : "inside\n"
            _ = try await engine.push(session.id)
            #expect(read(project, "a.txt") == winner)
            #expect(try await engine.run(session.id, "cat a.txt").text == winner)
            #expect(try await engine.compareWorkspace(session.id).isClean)
            try await engine.close(session.id)
        }
    }

    @Test("a conflict of text is merged once the changes do not touch any more")
    func merge() async throws {
        try await withProject { _, engine, project in
            try write("1\n2\n3\n4\n", project, "a.txt")
            let session = try await engine.open(request(project) { $0.mergesText = true })
            _ = try await engine.run(session.id, "echo inside > a.txt")
            try await engine.files(in: session.id).write(text: "1\n2\ninside\n4\n", to: "a.txt")
            try write("1\n2\noutside\n4\n", project, "a.txt")
            #expect(try await engine.pull(session.id).conflicts.count == 1)
            #expect(await code { try await engine.settle("a.txt", of: session.id, .merge) } == .conflict)
            try write("one\n2\n3\n4\n", project, "a.txt")
            try await engine.settle("a.txt", of: session.id, .merge)
            #expect(read(project, "a.txt") == "one\n2\ninside\n4\n")
            _ = try await engine.push(session.id)
            #expect(try await engine.run(session.id, "cat a.txt").text == "one\n2\ninside\n4\n")
            #expect(try await engine.conflicts(of: session.id).isEmpty)
            try await engine.close(session.id)
        }
    }

    @Test("with review nothing comes out by itself, and closing needs a decision")
    func review() async throws {
        try await withProject { _, engine, project in
            let session = try await engine.open(request(project) { $0.needsReview = true })
            _ = try await engine.run(session.id, "echo changed > a.txt")
            #expect(await code { try await engine.close(session.id) } == .conflict)
            #expect(read(project, "a.txt") == "one\n")
            try await engine.close(session.id, discard: true)
            #expect(read(project, "a.txt") == "one\n")
        }
    }

    @Test("what changes comes out before the provider ends the sandbox")
    func beforeTheEnd() async throws {
        let project = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-project-\(UUID().uuidString)").path)
        try FileManager.default.createDirectory(atPath: project.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: project.string) }
        let fixture = EngineFixture(InMemoryBackend(life: .seconds(20)))
        let engine = try fixture.engine()
        let session = try await engine.open(request(project))
        _ = try await engine.run(session.id, "echo precious > work")
        for try await event in engine.events(session: session.id, follow: true) where event.kind == .workspacePulled { break }
        #expect(read(project, "work") == "precious\n")
        try await engine.close(session.id)
    }

    @Test("what changes on either side crosses over every so often where that is wanted")
    func inStep() async throws {
        try await withProject { _, engine, project in
            let session = try await engine.open(request(project) { $0.interval = .milliseconds(50) })
            _ = try await engine.run(session.id, "echo inside > made")
            for try await event in engine.events(session: session.id, follow: true) where event.kind == .workspacePulled { break }
            #expect(read(project, "made") == "inside\n")
            try write("outside\n", project, "given")
            var pushes = 0
            for try await event in engine.events(session: session.id, follow: true) where event.kind == .workspacePushed {
                pushes += 1
                if pushes == 2 { break }
            }
            #expect(try await engine.run(session.id, "cat given").text == "outside\n")
            try await engine.close(session.id)
        }
    }

    @Test("changes come out after an exec where that is wanted")
    func afterExec() async throws {
        try await withProject { _, engine, project in
            let session = try await engine.open(request(project) { $0.pullsAfterExec = true })
            _ = try await engine.run(session.id, "echo changed > a.txt")
            for try await event in engine.events(session: session.id, follow: true) where event.kind == .workspacePulled { break }
            #expect(read(project, "a.txt") == "changed\n")
        }
    }
}

@Suite("Moving a living session", .timeLimit(.minutes(10)))
struct MovingTests {
    private func machine(_ name: String) -> InMemoryBackend { InMemoryBackend(id: BackendID(unchecked: name)) }

    @Test("its workspace is carried over, the old sandbox goes, and the session goes on")
    func carriesOver() async throws {
        let (one, other) = (machine("one"), machine("other"))
        let fixture = EngineFixture(one)
        let engine = try fixture.engine([one, other]) { $0.defaultBackend = BackendID(unchecked: "one") }
        let session = try await engine.open(SessionRequest())
        _ = try await engine.run(session.id, "mkdir d; echo kept > d/f; chmod 755 d/f; ln -s d/f l")
        let moved = try await engine.move(session.id, to: BackendID(unchecked: "other"))
        #expect(moved.backend.rawValue == "other" && moved.sandbox != session.sandbox)
        #expect(try await engine.run(session.id, "cat l").text == "kept\n")
        #expect(one.sandboxIDs.isEmpty && other.sandboxIDs.count == 1)
        try await engine.close(session.id)
        #expect(other.sandboxIDs.isEmpty)
        await engine.shutdown()
    }

    @Test("an engine that knows the old sandbox starts its next command in the new one")
    func othersFollow() async throws {
        let (one, other) = (machine("one"), machine("other"))
        let fixture = EngineFixture(one)
        let first = try fixture.engine([one, other]) { $0.defaultBackend = BackendID(unchecked: "one") }
        let second = try fixture.engine([one, other])
        let session = try await first.open(SessionRequest())
        _ = try await first.run(session.id, "echo kept > f")
        #expect(try await second.run(session.id, "cat f").text == "kept\n")
        _ = try await first.move(session.id, to: BackendID(unchecked: "other"))
        #expect(try await second.run(session.id, "cat f").text == "kept\n")
        #expect(one.sandboxIDs.isEmpty && other.startedCommands.count == 1)
        await second.shutdown()
        await first.shutdown()
    }

    @Test("when the other one cannot be made, the session keeps the one that it has")
    func staysOnFailure() async throws {
        let (one, other) = (machine("one"), machine("other"))
        let fixture = EngineFixture(one)
        let engine = try fixture.engine([one, other]) { $0.defaultBackend = BackendID(unchecked: "one") }
        let session = try await engine.open(SessionRequest())
        _ = try await engine.run(session.id, "echo kept > f")
        other.setAvailability(.unavailable(reason: "broken", remedy: "mend it"))
        #expect(await code { _ = try await engine.move(session.id, to: BackendID(unchecked: "other")) } == .unavailable)
        #expect(try await engine.session(session.id.rawValue).sandbox == session.sandbox)
        #expect(try await engine.run(session.id, "cat f").text == "kept\n")
        let exec = try await engine.start(session.id, ExecRequest(.shell("sleep 100")))
        other.setAvailability(.available(details: [:]))
        _ = await engine.backends(refresh: true)
        #expect(await code { _ = try await engine.move(session.id, to: BackendID(unchecked: "other")) } == .conflict)
        try await exec.cancel()
        _ = try await engine.wait(for: exec.id)
        _ = try await engine.move(session.id, to: BackendID(unchecked: "other"))
        #expect(try await engine.run(session.id, "cat f").text == "kept\n")
        await engine.shutdown()
    }
}

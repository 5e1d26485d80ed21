import CloudBackends
import Foundation
import SandboxCore
import SandboxEngine
import ServedEngine
import SystemPackage
import Testing

/// Whatever a service does: the outcome is true, nothing runs twice, nothing is left.
@Suite("Faults of a service", .timeLimit(.minutes(2)), .serialized, .enabled(if: canServe, "bubblewrap and SANDLOT_GUEST are needed"))
struct E2BFaultTests {
    @Test("a create that is refused for its rate comes again, as late as the service asks, and one sandbox is made")
    func rateOfCreates() async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(.refuse(429, headers: ["Retry-After": "1"]), on: "POST …/v2/sandboxes")
            fixture.proxy.inject(.refuse(429), on: "POST …/v2/sandboxes")
            fixture.proxy.inject(.refuse(503), on: "POST …/v2/sandboxes")
            let sandbox = try await fixture.make()
            #expect(fixture.proxy.count("POST …/v2/sandboxes") == 4)
            #expect(try await fixture.living().count == 1)
            #expect(try await sandbox.run(ExecRequest(.shell("exit 3"))).outcome == .exited(code: 3))
            try await sandbox.destroy()
        }
    }

    @Test("a service that asks to wait for an hour is believed, and the error says so")
    func longWait() async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(.refuse(429, headers: ["Retry-After": "3600"]), on: "POST …/v2/sandboxes")
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .limitExceeded)
            #expect(error?.remedy?.contains("3600") == true)
        }
    }

    @Test("a create whose answer is lost is asked for again with its key, and one sandbox is made")
    func lostCreate() async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(.loseAnswer, on: "POST …/v2/sandboxes")
            let sandbox = try await fixture.make()
            #expect(fixture.proxy.count("POST …/v2/sandboxes") == 2)
            #expect(try await fixture.living().count == 1)
            try await sandbox.destroy()
        }
    }

    @Test(
        "a create that is answered with nonsense leaves nothing", arguments: [(200, "<html>", "text/html"), (201, "{", "application/json")])
    func nonsense(_ status: Int, _ body: String, _ type: String) async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(.answerInstead(status, body: body, type: type), on: "POST …/v2/sandboxes")
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test(
        "a making that breaks off anywhere leaves nothing",
        arguments: zip(["…/connect", "…/files", "…/process.Process/Start"], [410, 422, 502]))
    func brokenMaking(_ call: String, _ status: Int) async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(.refuse(status), on: "POST \(call)", times: 100)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            let codes: [Int: SandboxError.Code] = [410: .notFound, 422: .invalidArgument, 502: .unavailable]
            #expect(error?.code == codes[status])
        }
    }

    @Test("a guest that arrives in part is not started, and the error says so")
    func damagedUpload() async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(.cutRequest(after: 100_000), on: "POST …/files")
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .protocolViolation)
            #expect(error?.message.contains("damaged") == true)
        }
    }

    @Test("a channel whose output is cut off is made again, and the command's output is whole and comes from one run")
    func cutChannel() async throws {
        try await CloudFixture.with { fixture in
            let sandbox = try await fixture.make()
            // The relay of the next channel: its stream ends in the midst of a message.
            fixture.proxy.inject(.cutAnswer(after: 300_000), on: "POST …/process.Process/Start", times: 2)
            let again = try await fixture.backend.attach(to: sandbox.reference)
            let found = try await again.run(
                ExecRequest(.shell("echo run >>runs; head -c 1000000 /dev/zero; echo end; exit 5"), timeout: .seconds(60)))
            #expect(found.outcome == .exited(code: 5))
            #expect(found.outputText.utf8.count == 1_000_004)
            #expect(try await again.files.read("runs", offset: 0, length: 100) == Array("run\n".utf8))
            try await again.destroy()
        }
    }

    @Test("input whose answer is lost does not run a command twice", arguments: [1, 2])
    func lostInput(_ skipped: Int) async throws {
        try await CloudFixture.with { fixture in
            let sandbox = try await fixture.make()
            for _ in 0..<skipped { _ = try await sandbox.run(ExecRequest(.shell("true"))) }
            fixture.proxy.inject(.loseAnswer, on: "POST …/process.Process/SendInput")
            do {
                _ = try await sandbox.run(ExecRequest(.shell("echo run >>runs")))
            } catch let error as SandboxError {
                #expect(error.code == .unavailable)
            }
            let runs = try await sandbox.run(ExecRequest(.shell("cat runs 2>/dev/null | wc -l")))
            #expect(["0", "1"].contains(runs.outputText.filter { $0.isNumber }))
            try await sandbox.destroy()
        }
    }

    @Test("a sandbox that vanishes at the service ends its commands as lost, and later calls say that it is gone")
    func vanished() async throws {
        try await CloudFixture.with { fixture in
            let sandbox = try await fixture.make()
            let exec = try await sandbox.start(ExecRequest(.shell("echo on; sleep 60")))
            var events = exec.events.makeAsyncIterator()
            #expect(try await events.next() != nil)
            for id in try await fixture.living() { try await fixture.server.engine.close(id, force: true) }
            var outcome: ExecOutcome?
            do {
                while let event = try await events.next() {
                    if case .ended(let ending) = event { outcome = ending.outcome }
                }
            } catch let error as SandboxError {
                #expect([.unavailable, .notFound].contains(error.code))
            }
            if case .exited = outcome { Issue.record("an end that nobody saw: \(outcome as Any)") }
            await #expect(throws: SandboxError.self) { _ = try await sandbox.execs() }
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.backend.attach(to: sandbox.reference) }
            #expect(error?.code == .notFound)
            try await sandbox.destroy()
        }
    }

    @Test("the key is in no error, even where the service repeats it")
    func keyIsSecret() async throws {
        try await CloudFixture.with { fixture in
            fixture.proxy.inject(
                .refuse(401, body: #"{"code":401,"message":"the key \#(fixture.key) is not known"}"#), on: "GET …/v2/sandboxes", times: 2)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .denied)
            #expect(error?.description.contains(fixture.key) == false)
            guard case .unavailable(let reason, let remedy) = await fixture.backend.probe() else {
                Issue.record("a refused key counts as good")
                return
            }
            #expect(!(reason + remedy).contains(fixture.key))
        }
    }

    @Test("no more sandboxes live at once than the settings allow, and a second one of an id is refused")
    func cap() async throws {
        try await CloudFixture.with(settings: ["max_sandboxes": ["1"]]) { fixture in
            let first = try await fixture.make()
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .limitExceeded)
            #expect(try await fixture.living().count == 1)
            try await first.destroy()
            try await fixture.make().destroy()
        }
    }

    @Test("without a key the probe says where it goes, and asks nobody")
    func noKey() async throws {
        let backend = try E2BBackend.make(host: CloudFixture.host, settings: ["api_url": ["http://127.0.0.1:9"]]) { nil }
        guard case .unavailable(_, let remedy) = await backend.probe() else {
            Issue.record("available without a key")
            return
        }
        #expect(remedy.contains("backends.e2b.api_key"))
    }
}

private let canServe: Bool =
    ProcessInfo.processInfo.environment["SANDLOT_GUEST"] != nil && FileManager.default.fileExists(atPath: "/usr/bin/bwrap")

import CloudBackends
import CompatServers
import Foundation
import SandboxCore
import SandboxEngine
import ServedEngine
import SystemPackage
import Testing

private let services = CompatService.allCases

/// Whatever a service does: the outcome is true, nothing runs twice, nothing is left.
@Suite("Faults of a service", .timeLimit(.minutes(2)), .serialized, .enabled(if: canServe, "bubblewrap and SANDLOT_GUEST are needed"))
struct CloudFaultTests {
    @Test(
        "a create that is refused for its rate or its load comes again, as late as the service asks, and one sandbox is made",
        arguments: services)
    func rateOfCreates(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            fixture.proxy.inject(.refuse(429, headers: ["Retry-After": "1"]), on: fixture.calls.create)
            fixture.proxy.inject(.refuse(429), on: fixture.calls.create)
            fixture.proxy.inject(.refuse(503), on: fixture.calls.create)
            fixture.proxy.inject(.drop, on: fixture.calls.create)
            let sandbox = try await fixture.make()
            #expect(fixture.proxy.count(fixture.calls.create) == 5)
            #expect(try await fixture.living().count == 1)
            #expect(try await sandbox.run(ExecRequest(.shell("exit 3"))).outcome == .exited(code: 3))
            try await sandbox.destroy()
        }
    }

    @Test("a service that asks to wait for an hour is believed, and the error says so", arguments: services)
    func longWait(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            fixture.proxy.inject(.refuse(429, headers: ["Retry-After": "3600"]), on: fixture.calls.create)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .limitExceeded)
            #expect(error?.remedy?.contains("3600") == true)
        }
    }

    @Test("a create whose answer is lost is asked for again by its key or name, and one sandbox is made", arguments: services)
    func lostCreate(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            fixture.proxy.inject(.loseAnswer, on: fixture.calls.create)
            let sandbox = try await fixture.make()
            #expect(fixture.proxy.count(fixture.calls.create) == 2)
            #expect(try await fixture.living().count == 1)
            try await sandbox.destroy()
        }
    }

    @Test("a create that is answered with nonsense leaves nothing", arguments: services, ["<html>", "{"])
    func nonsense(_ service: CompatService, _ body: String) async throws {
        try await CloudFixture.with(service) { fixture in
            let type = body == "{" ? "application/json" : "text/html"
            fixture.proxy.inject(.answerInstead(200, body: body, type: type), on: fixture.calls.create)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test("a sandbox that takes its time to start is waited for", arguments: services)
    func slowStart(_ service: CompatService) async throws {
        guard let starting = ServiceCalls(service).starting else { return }
        try await CloudFixture.with(service) { fixture in
            fixture.proxy.inject(.reword(starting.ready, starting.notYet), on: fixture.calls.create)
            try await fixture.make().destroy()
        }
    }

    enum Step: CaseIterable { case enter, upload, run, output }

    @Test("a making that breaks off anywhere leaves nothing", arguments: services, Step.allCases)
    func brokenMaking(_ service: CompatService, _ step: Step) async throws {
        try await CloudFixture.with(service) { fixture in
            let calls = fixture.calls
            let (call, status, code): (String, Int, SandboxError.Code) =
                switch step {
                case .enter: (calls.enter, 410, .notFound)
                case .upload: (calls.upload, 422, .invalidArgument)
                case .run: (calls.run, 403, .denied)
                case .output: (calls.output, 422, .invalidArgument)
                }
            fixture.proxy.inject(.refuse(status), on: call, times: 100)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == code)
        }
    }

    @Test("a guest that arrives in part is not started, and the error says so", arguments: services)
    func damagedUpload(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            fixture.proxy.inject(.cutRequest(after: 100_000), on: fixture.calls.upload, times: 100)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            // Where the file comes in a form or an archive the service itself sees that it is not whole.
            #expect(service == .e2b ? error?.message.contains("damaged") == true : error?.code == .invalidArgument, "\(error as Any)")
        }
    }

    @Test(
        "output that is cut off or slow is whole in the end, and comes from one run", arguments: services,
        [ProxyFault.cutAnswer(after: 300_000), .slowAnswer(piece: 20_000, pause: .milliseconds(1))])
    func brokenStreams(_ service: CompatService, _ fault: ProxyFault) async throws {
        try await CloudFixture.with(service) { fixture in
            let sandbox = try await fixture.make()
            // The relay of the next channel.
            fixture.proxy.inject(fault, on: fixture.calls.output)
            let again = try await fixture.backend.attach(to: sandbox.reference)
            let found = try await again.run(
                ExecRequest(.shell("echo run >>runs; head -c 600000 /dev/zero; echo end; exit 5"), timeout: .seconds(60)))
            #expect(found.outcome == .exited(code: 5))
            #expect(found.outputText.utf8.count == 600_004)
            #expect(try await again.files.read("runs", offset: 0, length: 100) == Array("run\n".utf8))
            try await again.destroy()
        }
    }

    @Test(
        "output that comes twice or out of order is never taken for what the command said, which ran once", arguments: services,
        [ProxyFault.repeatRecord(after: 14), .swapRecords(after: 14)])
    func shuffledStreams(_ service: CompatService, _ fault: ProxyFault) async throws {
        try await CloudFixture.with(service) { fixture in
            let sandbox = try await fixture.make()
            fixture.proxy.inject(fault, on: fixture.calls.output)
            let again = try await fixture.backend.attach(to: sandbox.reference)
            do {
                let found = try await again.run(
                    ExecRequest(.shell("echo run >>runs; seq 60000; exit 5"), timeout: .seconds(60)))
                #expect(found.outcome == .exited(code: 5))
                #expect(found.outputText == (1...60_000).map { "\($0)\n" }.joined())
            } catch let error as SandboxError {
                #expect([.protocolViolation, .unavailable].contains(error.code))
            }
            let third = try await fixture.backend.attach(to: sandbox.reference)
            #expect(try await third.files.read("runs", offset: 0, length: 100) == Array("run\n".utf8))
            try await third.destroy()
        }
    }

    @Test("input whose answer is lost does not run a command twice", arguments: services)
    func lostInput(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            let sandbox = try await fixture.make()
            _ = try await sandbox.run(ExecRequest(.shell("true")))
            fixture.proxy.inject(.loseAnswer, on: fixture.calls.input)
            do {
                _ = try await sandbox.run(ExecRequest(.shell("echo run >>runs")))
            } catch let error as SandboxError {
                #expect(error.code == .unavailable)
            }
            func count() async throws -> ExecResult { try await sandbox.run(ExecRequest(.shell("cat runs 2>/dev/null | wc -l"))) }
            let runs: ExecResult
            do {
                runs = try await count()
            } catch let error as SandboxError where error.code == .unavailable {
                // The answer that was lost was one to the farewell of the command before: this one met the broken channel, and did not run.
                runs = try await count()
            }
            #expect(["0", "1"].contains(runs.outputText.filter { $0.isNumber }))
            try await sandbox.destroy()
        }
    }

    @Test("a sandbox that vanishes at the service ends its commands as lost, and later calls say that it is gone", arguments: services)
    func vanished(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
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

    @Test("a sandbox that is gone by the service's own word is not found, and its removal is no error", arguments: services)
    func gone(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            let sandbox = try await fixture.make()
            fixture.proxy.inject(.refuse(fixture.calls.gone.status, body: fixture.calls.gone.body), on: fixture.calls.run, times: 100)
            fixture.proxy.inject(.refuse(fixture.calls.gone.status, body: fixture.calls.gone.body), on: fixture.calls.output, times: 100)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.backend.attach(to: sandbox.reference) }
            #expect(error?.code == .notFound)
            try await sandbox.destroy()
            try await fixture.backend.remove(sandbox.reference)
        }
    }

    @Test("the key is in no error, even where the service repeats it", arguments: services)
    func keyIsSecret(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            fixture.proxy.inject(
                .refuse(401, body: #"{"code":401,"message":"the key \#(fixture.key) is not known"}"#), on: fixture.calls.list, times: 2)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .denied)
            let secret = String(fixture.key.suffix(32))
            #expect(error?.description.contains(secret) == false)
            guard case .unavailable(let reason, let remedy) = await fixture.backend.probe() else {
                Issue.record("a refused key counts as good")
                return
            }
            #expect(!(reason + remedy).contains(secret))
        }
    }

    @Test("no more sandboxes live at once than the settings allow, and a second one of an id is refused", arguments: services)
    func cap(_ service: CompatService) async throws {
        try await CloudFixture.with(service, settings: ["max_sandboxes": ["1"]]) { fixture in
            let first = try await fixture.make()
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make() }
            #expect(error?.code == .limitExceeded)
            let second = await #expect(throws: SandboxError.self) { _ = try await fixture.make { $0.id = first.reference.id } }
            #expect(second?.code == .alreadyExists)
            #expect(try await fixture.living().count == 1)
            try await first.destroy()
        }
    }

    @Test("a container image's name never reaches a service, and neither does what it cannot give", arguments: services)
    func refusals(_ service: CompatService) async throws {
        try await CloudFixture.with(service) { fixture in
            let edits: [@Sendable (inout SandboxSpec) -> Void] = [
                { $0.image = .reference("debian:12") }, { $0.limits.memory = 1 << 30 }, { $0.hostname = "elsewhere" },
                { $0.workspacePath = "/elsewhere" },
            ]
            for edit in edits {
                let error = await #expect(throws: SandboxError.self) { _ = try await fixture.make(edit) }
                #expect(error?.code == .unsupported && error?.remedy != nil)
            }
            #expect(fixture.proxy.count(fixture.calls.create) == 0)
        }
    }

    @Test("without a key the probe says where it goes, and asks nobody", arguments: services)
    func noKey(_ service: CompatService) async throws {
        let backend = try service.backend(of: "http://127.0.0.1:9", key: nil, host: CloudFixture.host)
        guard case .unavailable(_, let remedy) = await backend.probe() else {
            Issue.record("available without a key")
            return
        }
        #expect(remedy.contains("backends.\(service.rawValue).\(service == .vercel ? "token" : "api_key")"))
    }
}

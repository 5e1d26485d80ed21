import ContainerBackends
import Foundation
import SandboxCore
import SandboxHTTP
import Synchronization
import SystemPackage
import Testing

/// What happens behind our back at the engine.
@Suite("A container that others touch", .serialized, .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing))
struct EngineFaultTests {
    @Test("killed from outside, its execs are lost and its name is free again after removal", arguments: RealEngine.all)
    func killedFromOutside(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let exec = try await sandbox.start(ExecRequest(.shell("echo on; sleep 300")))
            var last: ExecEvent?
            for try await event in exec.events {
                last = event
                if case .output = event { try await stage.engineCall(.post, "/containers/\(stage.container(sandbox))/kill") }
            }
            guard case .ended(let ending) = last, case .lost = ending.outcome else {
                Issue.record("the exec ended with \(String(describing: last))")
                return
            }
            await #expect(throws: SandboxError.self) { try await stage.backend.attach(to: sandbox.reference) }
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).count == 1)
            try await sandbox.destroy()
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).isEmpty)
        }
    }

    @Test("removed from outside, it is gone, and its directory goes with the removal", arguments: RealEngine.all)
    func removedFromOutside(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            try await stage.engineCall(.delete, "/containers/\(stage.container(sandbox))", query: [("force", "1")])
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).map(\.id) == [sandbox.reference.id])
            await #expect(throws: SandboxError.self) { try await sandbox.run(ExecRequest(.arguments(["true"]))) }
            try await stage.backend.remove(sandbox.reference)
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).isEmpty)
        }
    }

    @Test("a foreign container of the same name is a conflict and stays as it is", arguments: RealEngine.all)
    func foreignContainer(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let spec = stage.spec()
            let name = "sandlot-\(spec.id)"
            let body = Array(#"{"Image":"\#(RealEngine.image)","Cmd":["true"],"Labels":{"dev.sandlot.sandbox":"other"}}"#.utf8)
            try await stage.engineCall(.post, "/containers/create", query: [("name", name)], body: body)
            let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(spec) { _ in } }
            #expect(error?.code == .alreadyExists)
            try await stage.engineCall(.get, "/containers/\(name)/json")
            try await stage.engineCall(.delete, "/containers/\(name)", query: [("force", "1")])
        }
    }

    @Test("what the engine shows of a sandbox holds none of its environment", arguments: RealEngine.all)
    func noSecretInInspect(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let spec = stage.spec { $0.environment = ["TOKEN": "hush-hush-4711"] }
            let sandbox = try await stage.backend.create(spec) { _ in }
            #expect(try await sandbox.run(ExecRequest(.shell("echo $TOKEN"))).outputText == "hush-hush-4711\n")
            let again = try await stage.backend.attach(to: sandbox.reference)
            #expect(try await again.run(ExecRequest(.shell("echo $TOKEN"))).outputText == "hush-hush-4711\n")
            let shown = try await stage.engineCall(.get, "/containers/\(stage.container(sandbox))/json").text
            #expect(shown.contains(spec.id.rawValue) && !shown.contains("hush-hush"))
            try await sandbox.destroy()
        }
    }

    @Test("an image that is not there is not_found, and nothing was recorded or made", arguments: RealEngine.all)
    func missingImage(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let recorded = Mutex(0)
            let spec = stage.spec { $0.image = .reference("localhost/no-such-image:1") }
            let error = await #expect(throws: SandboxError.self) {
                try await stage.backend.create(spec) { _ in recorded.withLock { $0 += 1 } }
            }
            #expect(error?.code == .notFound && error?.remedy != nil)
            #expect(recorded.withLock { $0 } == 0)
        }
    }

    @Test("an image that cannot be pulled is told as that", arguments: RealEngine.all)
    func failingPull(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: ["pull": ["missing"], "pull_timeout": ["30"]]) { stage in
            let spec = stage.spec { $0.image = .reference("localhost:1/no-such-image:1") }
            let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(spec) { _ in } }
            #expect([.unavailable, .timeout].contains(error?.code))
            #expect(error?.message.contains("cannot pull") == true)
        }
    }

    @Test("a sandbox that may not outlive its maker ends when the maker lets go", arguments: RealEngine.all)
    func endsWithCreator(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let spec = stage.spec { $0.endsWithCreator = true }
            // The maker is gone when its backend value is: the connection at the door is all that holds the sandbox.
            let reference = try await {
                let maker = stage.engine.make(stage.host, stage.settings)
                let sandbox = try await maker.create(spec) { _ in }
                #expect(try await sandbox.run(ExecRequest(.arguments(["true"]))).outcome.isSuccess)
                return sandbox.reference
            }()
            try await stage.waitUntilStopped(reference)
            try await stage.backend.remove(reference)
        }
    }

    @Test("twenty sandboxes made at once all work", arguments: RealEngine.all)
    func twentyAtOnce(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let sandbox = try await stage.backend.create(stage.spec()) { _ in }
                        #expect(try await sandbox.run(ExecRequest(.shell("echo \(number)"))).outputText == "\(number)\n")
                        try await sandbox.destroy()
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

/// No engine is needed for these.
@Suite("An engine that cannot be used")
struct MissingEngineTests {
    @Test("nothing at the address is unavailable, with what to do")
    func nothingThere() async throws {
        try await withoutEngine(["host": ["unix:///nonexistent/engine.sock"]]) { backend in
            guard case .unavailable(let reason, let remedy) = await backend.probe() else {
                Issue.record("it says that it is available")
                return
            }
            #expect(reason.contains("/nonexistent/engine.sock") && remedy.contains("start it"))
            let error = await #expect(throws: SandboxError.self) { try await backend.create(SandboxSpec(owner: .random())) { _ in } }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("an address that makes no sense is invalid_argument")
    func nonsense() async throws {
        try await withoutEngine(["host": ["carrier-pigeon://roof"]]) { backend in
            let error = await #expect(throws: SandboxError.self) { try await backend.create(SandboxSpec(owner: .random())) { _ in } }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test(
        "settings that make no sense are refused",
        arguments: [
            ["pull": ["sometimes"]], ["processes": ["3"]], ["host_paths": ["relative=/x"]], ["read_only_root": ["perhaps"]],
        ])
    func settings(_ values: [String: [String]]) { #expect(throws: SandboxError.self) { try ContainerSettings(values) } }
}

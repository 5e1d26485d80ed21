// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import ContainerBackends
import Foundation
import Glibc
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

    @Test(
        "stopped from outside, it runs again with its files, as often as need be; one that is removed does not", arguments: RealEngine.all)
    func revived(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let spec = stage.spec()
            var sandbox = try await stage.backend.create(spec) { _ in }
            #expect(try await sandbox.run(ExecRequest(.shell("echo kept >f"))).outcome == .exited(code: 0))
            for life in 1...2 {
                try await stage.engineCall(.post, "/containers/\(stage.container(sandbox))/kill")
                try await stage.engineCall(.post, "/containers/\(stage.container(sandbox))/wait", query: [("condition", "not-running")])
                let old = sandbox.reference
                sandbox = try await stage.backend.revive(old, as: spec) { #expect($0.id == old.id) }
                #expect(
                    try await sandbox.run(ExecRequest(.shell("cat f; echo $(( $(cat n 2>/dev/null || echo 0) + 1 )) >n; cat n"))).outputText
                        == "kept\n\(life)\n")
                let again = try await stage.backend.attach(to: sandbox.reference)
                #expect(try await again.run(ExecRequest(.arguments(["cat", "f"]))).outputText == "kept\n")
            }
            try await stage.engineCall(.delete, "/containers/\(stage.container(sandbox))", query: [("force", "1")])
            let gone = sandbox.reference
            await #expect(throws: SandboxError.self) { try await stage.backend.revive(gone, as: spec) { _ in } }
            try await stage.backend.remove(gone)
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

    @Test("one that runs out of memory as a whole is told as that", .enabled(if: geteuid() == 0), arguments: RealEngine.all)
    func outOfMemory(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let sandbox = try await stage.backend.create(stage.spec { $0.limits.memory = 64 << 20 }) { _ in }
            let guest = try await Self.state(of: sandbox, on: stage).Pid
            try #require(guest > 1)
            let exec = try await sandbox.start(ExecRequest(.shell("echo on; read go; head -c 500000000 /dev/zero | tail"), input: .stream))
            var outcome: ExecOutcome?
            for try await event in exec.events {
                switch event {
                case .output:
                    // For want of memory the kernel ends commands, not the guest; here it is told to prefer the guest, with which the container
                    // ends. What was started before does not inherit that.
                    try "1000".write(toFile: "/proc/\(guest)/oom_score_adj", atomically: false, encoding: .utf8)
                    try await exec.write(Array("go\n".utf8))
                case .ended(let ending): outcome = ending.outcome
                }
            }
            guard case .lost(let reason) = outcome else {
                Issue.record("the exec ended as \(String(describing: outcome))")
                return try await sandbox.destroy()
            }
            // Not every engine sees it, and what none says is not claimed.
            let isSeen = try await Self.state(of: sandbox, on: stage).OOMKilled
            #expect(reason.contains("out of memory") == isSeen && (isSeen || engine.name != "docker"), "\(reason)")
            let error = await #expect(throws: SandboxError.self) { try await stage.backend.attach(to: sandbox.reference) }
            #expect(error?.code == .notFound)
            try await sandbox.destroy()
        }
    }

    private struct Shown: Decodable {
        struct Status: Decodable {
            var Pid: Int
            var OOMKilled: Bool
        }
        var State: Status
    }

    private static func state(of sandbox: any Sandbox, on stage: Stage) async throws -> Shown.Status {
        let shown = try await stage.engineCall(.get, "/containers/\(stage.container(sandbox))/json").body
        return try JSONDecoder().decode(Shown.self, from: Data(shown)).State
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

    @Test(
        "a sandbox that may not outlive its maker ends when the maker lets go", arguments: RealEngine.all,
        [["guest_delivery": ["auto"]], ["guest_delivery": ["archive"]]])
    func endsWithCreator(_ engine: RealEngine, _ settings: [String: [String]]) async throws {
        try await withStage(engine, settings: settings) { stage in
            let spec = stage.spec { $0.endsWithCreator = true }
            // The maker is gone when its backend value is: the connection to the guest is all that holds the sandbox.
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

/// No engine is needed for this, only a user whom the kernel refuses something.
@Suite(
    "A socket of an engine that this user may not use",
    .enabled(if: geteuid() != 0, "root may use every socket; Scripts/test-containers runs it as an ordinary user"), .timeLimit(.minutes(1)))
struct DeniedSocketTests {
    @Test("is told as that, with whom to ask")
    func denied() async throws {
        var template = Array("\(temporaryDirectory)/sandlot-den-XXXXXX".utf8CString)
        let root = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: root) }
        // Whether anybody listens is asked after whether one may ask.
        let path = root + "/engine.sock"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0 && chmod(path, 0) == 0)
        try await withoutEngine(["host": ["unix://\(path)"]]) { backend in
            guard case .unavailable(let reason, let remedy) = await backend.probe() else {
                Issue.record("it says that it is available")
                return
            }
            #expect(reason.contains("may not use") && remedy.contains("group docker"))
            let error = await #expect(throws: SandboxError.self) { try await backend.create(SandboxSpec(owner: .random())) { _ in } }
            #expect(error?.code == .denied && error?.remedy?.contains("group docker") == true)
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

import ContainerBackends
import Foundation
import Glibc
import SandboxCore
import SandboxHTTP
import SystemPackage
import Testing

/// Engines that are stopped and started again in the middle of a session: each test has one of its own.
@Suite(
    "An engine that stops", .serialized, .enabled(if: getuid() == 0 && !RealEngine.all.isEmpty, RealEngine.missing),
    .timeLimit(.minutes(10))
)
struct EngineRestartTests {
    @Test("sandboxes of an engine that needs no daemon go on without its service, and are taken up again")
    func podman() async throws {
        try await Self.withOwnEngine("podman") { own in
            try await withStage(own.engine) { stage in
                let sandbox = try await stage.backend.create(stage.spec()) { _ in }
                let exec = try await sandbox.start(ExecRequest(.shell("echo one; read line; echo $line"), input: .stream))
                var text: [UInt8] = []
                for try await event in exec.events {
                    guard case .output(let chunk) = event else { continue }
                    text += chunk.bytes
                    guard text == Array("one\n".utf8) else { continue }
                    try own.stop()
                    #expect(try await sandbox.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
                    let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(stage.spec()) { _ in } }
                    #expect(error?.code == .unavailable && error?.remedy?.contains("start") == true)
                    try own.start()
                    try await exec.write(Array("two\n".utf8))
                }
                #expect(String(decoding: text, as: UTF8.self) == "one\ntwo\n")
                let again = try await stage.engine.make(stage.host, stage.settings).attach(to: sandbox.reference)
                #expect(try await again.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
                try await again.destroy()
            }
        }
    }

    @Test("a daemon that takes its containers along leaves lost execs, sandboxes that are gone, and nothing after their removal")
    func docker() async throws {
        try await Self.withOwnEngine("docker") { own in
            try await withStage(own.engine) { stage in
                let sandbox = try await stage.backend.create(stage.spec()) { _ in }
                let exec = try await sandbox.start(ExecRequest(.shell("echo one; sleep 300")))
                var outcome: ExecOutcome?
                for try await event in exec.events {
                    if case .output = event {
                        try own.stop()
                        try own.start()
                    }
                    if case .ended(let ending) = event { outcome = ending.outcome }
                }
                // The guest ends its commands when it is told to end, if it is given the time.
                let isTold =
                    switch outcome {
                    case .lost, .cancelled: true
                    default: false
                    }
                #expect(isTold, "\(String(describing: outcome))")
                let error = await #expect(throws: SandboxError.self) { try await stage.backend.attach(to: sandbox.reference) }
                #expect(error?.code == .notFound)
                #expect(try await stage.backend.list(owner: sandbox.reference.owner).map(\.id) == [sandbox.reference.id])
                try await stage.backend.remove(sandbox.reference)
                #expect(try await stage.backend.list(owner: sandbox.reference.owner).isEmpty)
                let next = try await stage.backend.create(stage.spec()) { _ in }
                #expect(try await next.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
                try await next.destroy()
            }
        }
    }

    @Test("a full disk is told as that, with what to do, and leaves nothing")
    func fullDisk() async throws {
        try await Self.withOwnEngine("docker", room: "size=40m") { own in
            try await withStage(own.engine, settings: ["guest_delivery": ["archive"]]) { stage in
                let filler = "\(own.directory)/filler"
                #expect(FileManager.default.createFile(atPath: filler, contents: Data(count: 30 << 20)))
                let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(stage.spec()) { _ in } }
                #expect(error?.code == .limitExceeded && error?.remedy?.contains("prune") == true, "\(String(describing: error))")
                try FileManager.default.removeItem(atPath: filler)
                let sandbox = try await stage.backend.create(stage.spec()) { _ in }
                #expect(try await sandbox.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
                try await sandbox.destroy()
            }
        }
    }

    /// An engine that the test may stop.
    struct OwnEngine {
        var engine: RealEngine
        var name: String
        var directory: String

        func start() throws { try EngineRestartTests.script("start-engines", [directory, name]) }

        /// Ends the service by its recorded id and waits for its end; its containers may live on.
        func stop() throws {
            let text = try String(contentsOfFile: "\(directory)/\(name).pid", encoding: .utf8)
            let id = try #require(Int32(text.filter(\.isNumber)))
            kill(id, SIGTERM)
            let end = ContinuousClock.now + .seconds(60)
            while (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8))?.contains(") Z ") == false, ContinuousClock.now < end {
                usleep(50_000)
            }
        }
    }

    /// `room` are the mount options of a file system in memory for all that the engine keeps.
    private static func withOwnEngine(_ name: String, room: String? = nil, _ body: (OwnEngine) async throws -> Void) async throws {
        var template = Array("/tmp/sandlot-own-XXXXXX".utf8CString)
        let directory = String(cString: try #require(mkdtemp(&template)))
        let isDocker = name == "docker"
        let make: @Sendable (HostFacts, ContainerSettings) -> ContainerBackend = { host, settings in
            isDocker ? ContainerBackend.docker(host: host, settings: settings) : ContainerBackend.podman(host: host, settings: settings)
        }
        let socket = FilePath(isDocker ? "\(directory)/docker.sock" : "\(directory)/podman/engine.sock")
        let own = OwnEngine(engine: RealEngine(name: name, socket: socket, make: make), name: name, directory: directory)
        if let room { #expect(mount("tmpfs", directory, "tmpfs", 0, room) == 0) }
        do {
            try own.start()
            try await body(own)
        } catch {
            try? script("stop-engines", [directory])
            if room != nil { umount2(directory, Int32(MNT_DETACH)) }
            try? FileManager.default.removeItem(atPath: directory)
            throw error
        }
        try script("stop-engines", [directory])
        if room != nil { umount2(directory, Int32(MNT_DETACH)) }
        if room != nil { try FileManager.default.removeItem(atPath: directory) }
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    private static func script(_ name: String, _ arguments: [String]) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        // Not by Foundation, which takes the end of every heir of its descriptors for the end of the process: the engines outlive the script.
        let words = (["timeout", "120", root.appendingPathComponent("Scripts/\(name)").path] + arguments).map { strdup($0) }
        defer { words.forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var id: pid_t = 0
        var status: Int32 = 0
        guard posix_spawnp(&id, "timeout", &actions, nil, words + [nil], environ) == 0 else {
            throw SandboxError(.unavailable, "Scripts/\(name) cannot be started")
        }
        while waitpid(id, &status, 0) < 0, errno == EINTR { continue }
        guard status == 0 else {
            throw SandboxError(.unavailable, "Scripts/\(name) ended with \(status)")
        }
    }
}

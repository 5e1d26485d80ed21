import ContainerBackends
import Foundation
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

/// Podman with nothing but its command: a store and a configuration of the test's own, and no socket anywhere.
private struct PodmanStage: Sendable {
    let root: FilePath
    let variables: [String: String]
    static let image = "localhost/sandlot-service:1"

    static let missing: Comment = "needs podman, runc and a static busybox, SANDLOT_GUEST, and no Podman socket in its usual place"
    static let isPossible: Bool = {
        let path = "/usr/bin:/bin:/usr/sbin"
        return RealEngine.guest != nil && access("/run/podman/podman.sock", F_OK) != 0
            && access("/run/user/\(geteuid())/podman/podman.sock", F_OK) != 0
            && ["podman", "runc", "busybox"].allSatisfy { CommandRunner.find($0, searchPath: path) != nil }
    }()

    init() throws {
        // Not in the run's own directory: a socket's address is short.
        var template = Array("/tmp/sandlot-svc-XXXXXX".utf8CString)
        root = FilePath(String(cString: try #require(mkdtemp(&template))))
        chmod(root.string, 0o755)
        for name in ["tree/bin", "tree/proc", "tree/dev", "tree/sys", "tree/tmp", "tree/etc", "tree/run", "tree/home", "home", "runtime"] {
            try FileManager.default.createDirectory(atPath: root.appending(name).string, withIntermediateDirectories: true)
        }
        chmod(root.appending("runtime").string, 0o700)
        // Podman asks for higher limits than a process may give, and crun for control groups that not every machine has.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(7), &limit)
        let configuration = """
            [containers]
            default_ulimits = ["nofile=\(limit.rlim_max):\(limit.rlim_max)", "nproc=32768:32768"]
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            """
        try configuration.write(toFile: root.appending("containers.conf").string, atomically: true, encoding: .utf8)
        let storage = """
            [storage]
            driver = "overlay"
            graphroot = "\(root)/data"
            rootless_storage_path = "\(root)/data"
            runroot = "\(root)/store"
            """
        try storage.write(toFile: root.appending("storage.conf").string, atomically: true, encoding: .utf8)
        variables = [
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": root.appending("home").string,
            "XDG_RUNTIME_DIR": root.appending("runtime").string, "CONTAINERS_CONF": root.appending("containers.conf").string,
            "CONTAINERS_STORAGE_CONF": root.appending("storage.conf").string,
        ]
    }

    func host() throws -> HostFacts {
        var host = HostFacts.current(
            dataDirectory: root.appending("data-directory"), keeper: try ProcessKeeper(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, guest: { FilePath(RealEngine.guest ?? "") })
        host.variables = variables
        host.home = root.appending("home")
        return host
    }

    func run(_ words: [String], deadline: Duration = .seconds(60)) async throws -> CommandResult {
        try await CommandRunner(keeper: try ProcessKeeper()).run("/usr/bin/env", words, environment: variables, deadline: deadline)
    }

    /// A root file system of nothing but BusyBox.
    func importImage() async throws {
        let script = """
            cp "$(command -v busybox)" tree/bin/busybox && for n in sh sleep echo id true; do ln -s busybox tree/bin/$n; done
            tar -C tree --owner=0 --group=0 --numeric-owner -cf image.tar . && podman import -q image.tar \(Self.image)
            """
        let result = try await run(["sh", "-c", "cd '\(root)' && \(script)"], deadline: .seconds(120))
        #expect(result.isSuccess, "\(result.errorText)")
    }

    /// Services whose socket is below our runtime directory.
    func services() -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { pid in
            let line = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))) ?? Data()
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.contains("service") && words.contains { $0.hasPrefix("unix://\(root)/runtime/") }
        }
    }

    /// Nobody tells a stranger that a process has ended; the suite's time limit bounds it.
    func awaitNoService() async throws {
        while !services().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    }

    func remove() async throws {
        // Layers of an overlay store belong to mapped users and can be mounted: its owner knows best.
        _ = try? await run(["podman", "system", "reset", "--force"])
        try? FileManager.default.removeItem(atPath: root.string)
    }
}

@Suite(
    "Podman without a service", .serialized, .timeLimit(.minutes(3)), .enabled(if: PodmanStage.isPossible, PodmanStage.missing))
struct EngineServiceTests {
    private func withStage(_ body: (PodmanStage) async throws -> Void) async throws {
        let stage = try PodmanStage()
        let outcome: Result<Void, any Error>
        do {
            try await stage.importImage()
            outcome = .success(try await body(stage))
        } catch { outcome = .failure(error) }
        try await stage.remove()
        try outcome.get()
    }

    @Test("one is started for as long as the backend is there, serves sandboxes, and leaves nothing")
    func ownService() async throws {
        try await withStage { stage in
            let settings = try ContainerSettings(["image": [PodmanStage.image], "pull": ["never"]])
            // What a Sandlot that was killed leaves: nobody has this process id and start time.
            let stale = stage.root.appending("runtime/sandlot-engine-4194304-1-1")
            try FileManager.default.createDirectory(atPath: stale.string, withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(atPath: stale.appending("engine.sock").string, contents: nil))
            do {
                let backend = ContainerBackend.podman(host: try stage.host(), settings: settings)
                guard case .available(let details) = await backend.probe() else {
                    Issue.record("not available: \(await backend.probe())")
                    return
                }
                #expect(details["service"] != nil)
                #expect(!stage.services().isEmpty)
                let sandbox = try await backend.create(SandboxSpec(owner: .random())) { _ in }
                #expect(try await sandbox.run(ExecRequest(.shell("echo served"))).outputText == "served\n")
                // The service dies; the sandbox does not, and the next question starts another one.
                for pid in stage.services() { kill(pid, SIGKILL) }
                try await stage.awaitNoService()
                #expect(try await sandbox.run(ExecRequest(.shell("echo still"))).outputText == "still\n")
                #expect(try await backend.list(owner: sandbox.reference.owner).map(\.id) == [sandbox.reference.id])
                try await sandbox.destroy()
            }
            try await stage.awaitNoService()
            let left = try FileManager.default.contentsOfDirectory(atPath: stage.root.appending("runtime").string)
            #expect(left.filter { $0.hasPrefix("sandlot-engine-") } == [])
        }
    }

    @Test("none is started where the settings say never, and the remedy says how to start one")
    func never() async throws {
        let stage = try PodmanStage()
        let backend = ContainerBackend.podman(host: try stage.host(), settings: try ContainerSettings(["service": ["never"]]))
        guard case .unavailable(let reason, let remedy) = await backend.probe() else {
            Issue.record("it says that it is available")
            return
        }
        #expect(reason.contains("no Podman listens") && remedy.contains("podman.socket"))
        #expect(stage.services().isEmpty)
        try await stage.remove()
    }
}

import ContainerBackends
import Foundation
import SandboxCore
import SandboxHTTP
import SystemPackage
import Testing

/// Sandlot in a container, an engine outside. The container is a real one of the engine; what it mounts at `inside` the engine has at
/// `outside`, which here leads to the same files by a link.
@Suite(
    "Sandlot in a container of its own", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing))
struct OwnContainerTests {
    private func withOwnContainer(
        _ engine: RealEngine, count: Int = 1, _ body: (Stage, [String], FilePath) async throws -> Void
    ) async throws {
        try await withStage(engine) { stage in
            let inside = stage.root.appending("inside")
            try FileManager.default.createDirectory(atPath: inside.string, withIntermediateDirectories: true)
            let outside = stage.root.appending("outside")
            try FileManager.default.createSymbolicLink(atPath: outside.string, withDestinationPath: inside.string)
            var ids: [String] = []
            for _ in 0..<count {
                let text = """
                    {"Image":"\(RealEngine.image)","Cmd":["sleep","300"],"Hostname":"own-container",
                     "HostConfig":{"Binds":["\(outside):\(inside)"],"NetworkMode":"none"}}
                    """
                let made = try await stage.engineCall(.post, "/containers/create", body: Array(text.utf8))
                let answer = try JSONSerialization.jsonObject(with: Data(made.body)) as? [String: Any]
                let id = try #require(answer?["Id"] as? String)
                ids.append(id)
                try await stage.engineCall(.post, "/containers/\(id)/start")
            }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(stage, ids, inside)) } catch { outcome = .failure(error) }
            for id in ids { try await stage.engineCall(.delete, "/containers/\(id)", query: [("force", "1")]) }
            try outcome.get()
        }
    }

    private func backend(_ stage: Stage, _ ids: [String], inside: FilePath, settings: [String: [String]] = [:]) throws -> ContainerBackend {
        var host = stage.host
        host.dataDirectory = inside.appending("data")
        host.container = OwnContainer(ids: ids, hostname: "own-container") { _ in false }
        let scope = ["host": [stage.engine.socket.string], "image": [RealEngine.image], "pull": ["never"]].merging(settings) { $1 }
        return stage.engine.make(host, try ContainerSettings(scope))
    }

    @Test("finds out from the engine where its files are outside, and its sandboxes work", arguments: RealEngine.all)
    func translates(_ engine: RealEngine) async throws {
        try await withOwnContainer(engine) { stage, ids, inside in
            let backend = try backend(stage, ids, inside: inside)
            guard case .available(let details) = await backend.probe() else {
                Issue.record("not available: \(await backend.probe())")
                return
            }
            #expect(details["paths"]?.contains("\(inside)=") == true)
            let sandbox = try await backend.create(stage.spec()) { _ in }
            #expect(try await sandbox.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
            let shown = try await stage.engineCall(.get, "/containers/\(stage.container(sandbox))/json").text
            #expect(shown.contains("\(stage.root.appending("outside"))/data"))
            try await sandbox.destroy()
        }
    }

    @Test("a path that its container does not share is refused", arguments: RealEngine.all)
    func unsharedPath(_ engine: RealEngine) async throws {
        try await withOwnContainer(engine) { stage, ids, inside in
            let backend = try backend(stage, ids, inside: inside)
            let other = stage.root.appending("other")
            try FileManager.default.createDirectory(atPath: other.string, withIntermediateDirectories: true)
            let spec = stage.spec { $0.workspace = .mounted(other, readOnly: false) }
            let error = await #expect(throws: SandboxError.self) { try await backend.create(spec) { _ in } }
            #expect(error?.code == .invalidArgument && error?.message.contains("cannot see") == true)
        }
    }

    @Test("two containers that may be ours, or none, are an error, and the setting decides", arguments: RealEngine.all)
    func ambiguity(_ engine: RealEngine) async throws {
        try await withOwnContainer(engine, count: 2) { stage, ids, inside in
            for candidates in [ids, [String(repeating: "0", count: 64)]] {
                guard case .unavailable(let reason, let remedy) = await (try backend(stage, candidates, inside: inside)).probe() else {
                    Issue.record("it guessed")
                    continue
                }
                #expect(reason.contains("container") && remedy.contains("host_paths"))
            }
            let told = try backend(stage, ids, inside: inside, settings: ["host_paths": ["/=/"]])
            let sandbox = try await told.create(stage.spec()) { _ in }
            #expect(try await sandbox.run(ExecRequest(.shell("echo told"))).outputText == "told\n")
            try await sandbox.destroy()
        }
    }

    @Test("Podman's hatches open what they say, and the probe warns of them", arguments: RealEngine.all.filter { $0.name == "podman" })
    func hatches(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: ["allow_nested_podman": ["true"]]) { stage in
            guard case .available(let details) = await stage.backend.probe() else { return }
            #expect(details["WARNING"]?.contains("allow_nested_podman") == true)
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let found = try await sandbox.run(
                ExecRequest(.shell("unshare -rm sh -c 'mkdir -p /tmp/m && mount -t tmpfs none /tmp/m && echo nested'")))
            #expect(found.outputText == "nested\n", "\(found.errorText)")
            try await sandbox.destroy()
        }
        try await withStage(engine, settings: ["allow_host_podman": ["true"]]) { stage in
            let workspace = stage.root.appending("workspace")
            try FileManager.default.createDirectory(atPath: workspace.string, withIntermediateDirectories: true)
            // Root's own workspace is worked on as root, who may use the socket; a sandbox' own number may not.
            let refused = await #expect(throws: SandboxError.self) { try await stage.backend.create(stage.spec()) { _ in } }
            #expect(geteuid() != 0 || refused?.code == .denied)
            let spec = stage.spec { $0.workspace = .mounted(workspace, readOnly: false) }
            let sandbox = try await stage.backend.create(spec) { _ in }
            let line = "test -S ${CONTAINER_HOST#unix://} && echo $DOCKER_HOST"
            #expect(try await sandbox.run(ExecRequest(.shell(line))).outputText == "unix:///.sandlot/engine.sock\n")
            try await sandbox.destroy()
        }
    }
}

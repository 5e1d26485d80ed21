import ContainerBackends
import Foundation
import SandboxCore
import SystemPackage
import Testing

/// Which engine is asked: told by what the probe says of an engine that is not there.
@Suite("Where an engine is looked for", .timeLimit(.minutes(1)))
struct EngineAddressTests {
    private enum Engine { case docker, podman }

    private func reason(
        _ variables: [String: String], _ settings: [String: [String]] = [:], files: [String: String] = [:], of engine: Engine = .docker
    ) async throws -> String {
        var template = Array("\(temporaryDirectory)/sandlot-adr-XXXXXX".utf8CString)
        let home = FilePath(String(cString: try #require(mkdtemp(&template))))
        defer { try? FileManager.default.removeItem(atPath: home.string) }
        for (name, text) in files {
            let path = home.appending(name)
            try FileManager.default.createDirectory(atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
            try text.write(toFile: path.string, atomically: true, encoding: .utf8)
        }
        let host = try bareHost {
            $0.home = home
            $0.variables = variables.mapValues { $0.replacingOccurrences(of: "~", with: home.string) }
        }
        let scope = try ContainerSettings(settings.merging(["service": ["never"]]) { $1 })
        let backend = engine == .docker ? ContainerBackend.docker(host: host, settings: scope) : .podman(host: host, settings: scope)
        guard case .unavailable(let reason, let remedy) = await backend.probe() else {
            Issue.record("an engine is there")
            return ""
        }
        #expect(!remedy.isEmpty)
        return reason.replacingOccurrences(of: home.string, with: "~")
    }

    /// Named by the digest of "far".
    private static let context = [
        ".docker/contexts/meta/\(digestOfFar)/meta.json":
            #"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///nonexistent/far.sock","SkipTLSVerify":false}}}"#
    ]
    private static let digestOfFar = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868"

    @Test("DOCKER_HOST names it")
    func variable() async throws {
        #expect(try await reason(["DOCKER_HOST": "unix:///nonexistent/d.sock"]).contains("/nonexistent/d.sock"))
    }

    @Test("the setting goes before DOCKER_HOST")
    func setting() async throws {
        let found = try await reason(["DOCKER_HOST": "unix:///nonexistent/d.sock"], ["host": ["unix:///nonexistent/s.sock"]])
        #expect(found.contains("/nonexistent/s.sock"))
    }

    @Test("CONTAINER_HOST names Podman's, and DOCKER_HOST does not")
    func podmanVariable() async throws {
        let both = ["DOCKER_HOST": "unix:///nonexistent/d.sock", "CONTAINER_HOST": "unix:///nonexistent/p.sock"]
        #expect(try await reason(both, of: .podman).contains("/nonexistent/p.sock"))
    }

    @Test(
        "Podman's sockets are looked for in the runtime directory and below /run",
        .enabled(if: access("/run/podman/podman.sock", F_OK) != 0))
    func podmanSockets() async throws {
        let found = try await reason(["XDG_RUNTIME_DIR": "~/runtime"], of: .podman)
        #expect(found.contains("~/runtime/podman/podman.sock") && found.contains("/run/podman/podman.sock"))
    }

    @Test("a socket in the runtime directory is used when it is there", .enabled(if: access("/run/podman/podman.sock", F_OK) != 0))
    func runtimeSocket() async throws {
        let found = try await reason(["XDG_RUNTIME_DIR": "~/runtime"], files: ["runtime/podman/podman.sock": ""], of: .podman)
        #expect(found.contains("~/runtime/podman/podman.sock") && !found.contains("no Podman listens"))
    }

    @Test("TLS files are those of DOCKER_CERT_PATH, and their absence is told")
    func certificates() async throws {
        let found = try await reason(["DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_CERT_PATH": "~/keys", "DOCKER_TLS_VERIFY": "1"])
        #expect(found.contains("~/keys/ca.pem") || found.contains("https://127.0.0.1:1"))
    }

    @Test("an address that no engine has is said to be wrong", arguments: ["ssh://host", "carrier-pigeon://roof", "tcp://"])
    func nonsense(_ address: String) async throws {
        #expect(try await reason(["DOCKER_HOST": address]).contains(address))
    }

    @Test("a context that does not exist, or that is meant for Podman, is an error")
    func unknownContext() async throws {
        #expect(try await reason([:], ["context": ["far"]]).contains("context 'far'"))
        #expect(try await reason(["DOCKER_CONTEXT": "far"]).contains("context 'far'"))
        #expect(try await reason([:], files: [".docker/config.json": #"{"currentContext":"far"}"#]).contains("context 'far'"))
        #expect(try await reason([:], ["context": ["far"]], of: .podman).contains("no contexts"))
    }

    @Test("the setting context goes before DOCKER_HOST, the current context after it")
    func contexts() async throws {
        let host = ["DOCKER_HOST": "unix:///nonexistent/d.sock"]
        let current = [".docker/config.json": #"{"currentContext":"far"}"#].merging(Self.context) { $1 }
        #expect(try await reason(host, ["context": ["far"]], files: Self.context).contains("/nonexistent/far.sock"))
        #expect(try await reason([:], files: current).contains("/nonexistent/far.sock"))
        #expect(try await reason(host, files: current).contains("/nonexistent/d.sock"))
        #expect(
            try await reason(["DOCKER_CONTEXT": "far", "DOCKER_CONFIG": "~/.docker"], files: Self.context).contains("/nonexistent/far.sock")
        )
    }

    @Test("two hatches at once, and two addresses at once, are refused")
    func contradictions() {
        #expect(throws: SandboxError.self) { try ContainerSettings(["allow_host_podman": ["true"], "allow_nested_podman": ["true"]]) }
        #expect(throws: SandboxError.self) { try ContainerSettings(["host": ["unix:///a"], "context": ["b"]]) }
        #expect(throws: SandboxError.self) { try ContainerSettings(["service": ["sometimes"]]) }
    }

    @Test("an open hatch lowers what the backend says of its isolation")
    func hatches() throws {
        let host = try bareHost()
        let normal = ContainerBackend.podman(host: host, settings: try ContainerSettings())
        let nested = ContainerBackend.podman(host: host, settings: try ContainerSettings(["allow_nested_podman": ["true"]]))
        let open = ContainerBackend.podman(host: host, settings: try ContainerSettings(["allow_host_podman": ["true"]]))
        #expect([normal, nested, open].map(\.descriptor.isolation) == [.container, .process, .none])
    }
}

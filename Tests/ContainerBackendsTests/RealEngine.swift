import ContainerBackends
import Foundation
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

/// One of the engines that `Scripts/start-engines` started, with an image that needs no registry.
struct RealEngine: Sendable, CustomTestStringConvertible {
    var name: String
    var socket: FilePath
    var make: @Sendable (HostFacts, ContainerSettings) -> ContainerBackend

    private static let variables = ProcessInfo.processInfo.environment
    static let image = variables["SANDLOT_TEST_IMAGE"] ?? "localhost/sandlot-test:base"
    static let guest = variables["SANDLOT_GUEST"]

    static let missing: Comment = "run Scripts/start-engines DIR, set the variables that it prints, and SANDLOT_GUEST"

    /// Those whose socket the environment names.
    static let all: [RealEngine] = {
        guard guest != nil else { return [] }
        var found: [RealEngine] = []
        if let socket = variables["SANDLOT_DOCKER_SOCKET"] {
            found.append(RealEngine(name: "docker", socket: FilePath(socket)) { ContainerBackend.docker(host: $0, settings: $1) })
        }
        if let socket = variables["SANDLOT_PODMAN_SOCKET"] {
            found.append(RealEngine(name: "podman", socket: FilePath(socket)) { ContainerBackend.podman(host: $0, settings: $1) })
        }
        return found
    }()

    var testDescription: String { name }
}

/// A backend on a real engine with a data directory of its own; `withStage` takes both away and checks that nothing is left.
struct Stage: Sendable {
    let engine: RealEngine
    let root: FilePath
    let backend: ContainerBackend

    var dataDirectory: FilePath { root.appending("data") }

    func spec(_ edit: (inout SandboxSpec) -> Void = { _ in }) -> SandboxSpec {
        var spec = SandboxSpec(owner: .random())
        edit(&spec)
        return spec
    }
}

func withStage<R>(_ engine: RealEngine, settings: [String: [String]] = [:], _ body: (Stage) async throws -> R) async throws -> R {
    var template = Array("/tmp/sandlot-ctr-XXXXXX".utf8CString)
    let root = FilePath(String(cString: try #require(mkdtemp(&template))))
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    let scope = ["host": [engine.socket.string], "image": [RealEngine.image], "pull": ["never"]].merging(settings) { $1 }
    let host = HostFacts.current(
        dataDirectory: root.appending("data"), keeper: try ProcessKeeper(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        guest: { FilePath(RealEngine.guest ?? "") })
    let stage = Stage(engine: engine, root: root, backend: engine.make(host, try ContainerSettings(scope)))
    let result = try await body(stage)
    let left = (try? FileManager.default.contentsOfDirectory(atPath: stage.dataDirectory.appending("containers").string)) ?? []
    #expect(left.isEmpty, "directories of sandboxes are left")
    return result
}

import ContainerBackends
import Foundation
import Logging
import SandboxCore
import SandboxHTTP
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
        if let socket = variables["SANDLOT_TEST_DOCKER_SOCKET"] {
            found.append(RealEngine(name: "docker", socket: FilePath(socket)) { ContainerBackend.docker(host: $0, settings: $1) })
        }
        if let socket = variables["SANDLOT_TEST_PODMAN_SOCKET"] {
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
    let host: HostFacts
    let settings: ContainerSettings
    let backend: ContainerBackend
    private let client: HTTPAPIClient

    init(_ engine: RealEngine, root: FilePath, settings: ContainerSettings) throws {
        self.engine = engine
        self.root = root
        self.settings = settings
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        host = HostFacts.current(
            dataDirectory: root.appending("data"), keeper: try ProcessKeeper(), logger: logger, guest: { FilePath(RealEngine.guest ?? "") })
        backend = engine.make(host, settings)
        client = try HTTPAPIClient(.unixSocket(engine.socket), logger: logger)
    }

    func spec(_ edit: (inout SandboxSpec) -> Void = { _ in }) -> SandboxSpec {
        var spec = SandboxSpec(owner: .random())
        edit(&spec)
        return spec
    }

    func container(_ sandbox: any Sandbox) -> String { sandbox.reference.locator["container"] ?? "" }

    /// Asks the engine as somebody else would.
    @discardableResult
    func engineCall(
        _ verb: HTTPCall.Verb, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) async throws -> HTTPAnswer {
        let answer = try await client.send(
            HTTPCall(verb, "/v1.40" + path, query: query, body: body.map { .bytes($0, type: "application/json") } ?? .none))
        #expect(answer.isSuccess, "\(verb.rawValue) \(path): \(answer.status) \(answer.text)")
        return answer
    }

    /// Returns when the container does not run any more, removed or not.
    func waitUntilStopped(_ reference: SandboxReference) async throws {
        let container = reference.locator["container"] ?? ""
        let call = HTTPCall(.post, "/v1.40/containers/\(container)/wait", query: [("condition", "not-running")], deadline: .seconds(30))
        let answer = try await client.send(call)
        #expect(answer.isSuccess || answer.status == 404)
    }
}

func withStage<R>(_ engine: RealEngine, settings: [String: [String]] = [:], _ body: (Stage) async throws -> R) async throws -> R {
    var template = Array("\(temporaryDirectory)/sandlot-ctr-XXXXXX".utf8CString)
    let root = FilePath(String(cString: try #require(mkdtemp(&template))))
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    let scope = ["host": [engine.socket.string], "image": [RealEngine.image], "pull": ["never"]].merging(settings) { $1 }
    let stage = try Stage(engine, root: root, settings: try ContainerSettings(scope))
    let result = try await body(stage)
    let left = (try? FileManager.default.contentsOfDirectory(atPath: root.appending("data").appending("containers").string)) ?? []
    #expect(left.isEmpty, "directories of sandboxes are left")
    return result
}

/// A backend whose engine is nowhere.
func withoutEngine(_ settings: [String: [String]], _ body: (ContainerBackend) async throws -> Void) async throws {
    var template = Array("\(temporaryDirectory)/sandlot-ctr-XXXXXX".utf8CString)
    let root = FilePath(String(cString: try #require(mkdtemp(&template))))
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    let host = HostFacts.current(
        dataDirectory: root, keeper: try ProcessKeeper(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        guest: { "/nonexistent/guest" })
    try await body(ContainerBackend.docker(host: host, settings: try ContainerSettings(settings)))
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.string).isEmpty)
}

/// Where tests make what they need.
var temporaryDirectory: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

/// A host without a guest, for what never gets as far as a sandbox.
func bareHost(_ edit: (inout HostFacts) -> Void = { _ in }) throws -> HostFacts {
    var host = HostFacts.current(
        dataDirectory: "/nonexistent", keeper: try ProcessKeeper(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        guest: { "/nonexistent/guest" })
    edit(&host)
    return host
}

import Foundation
import Logging
import SandboxCore
import SandboxEngine
import SandboxHTTP
import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A private engine that `Scripts/start-engines` started, and its own command beside which ours is measured.
struct MeasuredEngine: Sendable {
    var backend: BackendID
    var socket: String
    var image: String
    /// The engine's command with the words that lead it to this engine.
    var command: [String]

    /// Those that the environment names. Prepares this process' environment for their commands.
    static func all() throws -> [MeasuredEngine] {
        let variables = ProcessInfo.processInfo.environment
        let image = variables["SANDLOT_TEST_IMAGE"] ?? "localhost/sandlot-test:base"
        var found: [MeasuredEngine] = []
        if let socket = variables["SANDLOT_TEST_DOCKER_SOCKET"] {
            setenv("DOCKER_HOST", "unix://\(socket)", 1)
            found.append(
                MeasuredEngine(backend: try BackendID(validating: "docker"), socket: socket, image: image, command: ["docker"]))
        }
        if let socket = variables["SANDLOT_TEST_PODMAN_SOCKET"] {
            let folder = FilePath(socket).removingLastComponent().string
            setenv("CONTAINERS_CONF", "\(folder)/containers.conf", 1)
            found.append(
                MeasuredEngine(
                    backend: try BackendID(validating: "podman"), socket: socket, image: image,
                    command: [
                        "podman", "--root", "\(folder)/data", "--runroot", "\(folder)/run", "--tmpdir", "\(folder)/tmp",
                        "--storage-driver", "overlay",
                    ]))
        }
        return found
    }

    func settings(_ directory: FilePath) -> SandlotOptions {
        let scope = "backends.\(backend)."
        return SandlotOptions(
            settings: [
                scope + "host": socket, scope + "image": image, scope + "pull": "never", "default_backend": backend.rawValue,
            ], dataDirectory: directory)
    }

    /// The same settings for our own command.
    func publish(_ directory: FilePath) {
        let prefix = "SANDLOT_BACKENDS__\(backend.rawValue.uppercased())__"
        for (name, value) in [("HOST", socket), ("IMAGE", image), ("PULL", "never")] { setenv(prefix + name, value, 1) }
        setenv("SANDLOT_DATA_DIRECTORY", directory.string, 1)
    }

    func run(_ arguments: [String]) throws { try Peers.spawn(command + arguments, quietly: true) }

    /// A container of the engine's own that runs until it is removed.
    func withContainer<R>(_ body: (String) async throws -> R) async throws -> R {
        let name = "sandlot-bench-\(getpid())"
        try run(["run", "-d", "--network", "none", "--name", name, image, "sleep", "100000"])
        defer {
            // Killed first: Podman would give it ten seconds to stop.
            try? run(["kill", name])
            try? run(["rm", "-f", name])
        }
        return try await body(name)
    }

    /// A command by the engine's API, as plain as it gets: create, start and read to the end, ask for the status.
    func execute(_ client: HTTPAPIClient, in container: String) async throws {
        struct Made: Decodable { var Id: String }
        struct State: Decodable { var ExitCode: Int? }
        func call(_ verb: HTTPCall.Verb, _ path: String, _ body: String? = nil) async throws -> [UInt8] {
            let answer = try await client.send(
                HTTPCall(
                    verb, "/v1.40\(path)", body: body.map { .bytes(Array($0.utf8), type: "application/json") } ?? .none,
                    deadline: .seconds(30)))
            guard answer.isSuccess else { throw BenchmarkFailure("\(path): \(answer.status) \(answer.text)") }
            return answer.body
        }
        let made = try JSONDecoder().decode(
            Made.self,
            from: Data(try await call(.post, "/containers/\(container)/exec", #"{"AttachStdout":true,"AttachStderr":true,"Cmd":["true"]}"#))
        )
        _ = try await call(.post, "/exec/\(made.Id)/start", #"{"Detach":false,"Tty":false}"#)
        let state = try JSONDecoder().decode(State.self, from: Data(try await call(.get, "/exec/\(made.Id)/json")))
        guard state.ExitCode == 0 else { throw BenchmarkFailure("a command by the API ended with \(String(describing: state.ExitCode))") }
    }
}

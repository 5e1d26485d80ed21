import Foundation
import SandboxCore
import SandboxProcess
import SystemPackage

/// Apple's `container` command, its calls typed. Decisions are made on what it lists, not on what it says.
struct AppleCommand: Sendable {
    let executable: FilePath
    let host: HostFacts

    /// For calls that look something up.
    private static let quick = Duration.seconds(30)
    /// For calls that make, boot or remove a virtual machine.
    private static let slow = Duration.seconds(120)
    /// A listing holds every container's whole configuration.
    private static let listing = 16 << 20

    /// Finds it, or says why it cannot be here.
    static func find(_ settings: AppleSettings, _ host: HostFacts) throws -> AppleCommand {
        if let command = settings.command {
            guard let found = CommandRunner.find(command, searchPath: "") else {
                throw SandboxError(
                    .unavailable, "there is no executable '\(command)'", remedy: "correct the setting command",
                    backend: AppleContainerBackend.id)
            }
            return AppleCommand(executable: found, host: host)
        }
        #if os(macOS)
            let path = (host.variables["PATH"] ?? "/usr/bin:/bin") + ":/usr/local/bin:/opt/homebrew/bin"
            guard let found = CommandRunner.find("container", searchPath: path) else {
                throw SandboxError(
                    .unavailable, "Apple's container command is not installed",
                    remedy: "install it: brew install container, then container system start", backend: AppleContainerBackend.id)
            }
            return AppleCommand(executable: found, host: host)
        #else
            throw SandboxError(
                .unavailable, "Apple containers run on macOS 26 only", remedy: "use podman or docker here",
                backend: AppleContainerBackend.id)
        #endif
    }

    // MARK: Calls

    /// The service's own word on itself.
    func system() async throws -> AppleMessage.System {
        let arguments = ["system", "status", "--format", "json"]
        let result = try await call(arguments, deadline: Self.quick)
        // A service that does not run is told by status 1 and by the same answer.
        if let answer = try? JSONDecoder().decode(AppleMessage.System.self, from: Data(result.standardOutput)) { return answer }
        throw result.isSuccess ? Self.misunderstood(arguments) : AppleFailure.error("asking for the service's status", result)
    }

    func list() async throws -> [AppleMessage.Container] {
        let arguments = ["list", "--all", "--format", "json"]
        let output = try await run(arguments, "listing containers", deadline: Self.quick, outputLimit: Self.listing)
        guard let found = try? JSONDecoder().decode([AppleMessage.Container].self, from: Data(output)) else {
            throw Self.misunderstood(arguments)
        }
        return found
    }

    /// Nil when there is none of that name.
    func container(_ name: String) async throws -> AppleMessage.Container? { try await list().first { $0.configuration.id == name } }

    /// Whether the image store has it. A failure for another reason than that it has not throws.
    func hasImage(_ name: String) async throws -> Bool {
        let result = try await call(["image", "inspect", name], deadline: Self.quick, outputLimit: Self.listing)
        if result.isSuccess { return true }
        let error = AppleFailure.error("looking for the image \(name)", result)
        guard error.code == .notFound else { throw error }
        return false
    }

    func pull(_ image: String, deadline: Duration) async throws {
        _ = try await run(["image", "pull", "--progress", "none", image], "pulling \(image)", deadline: deadline)
    }

    /// Makes a container that does not run yet. The first one of an image unpacks it, which takes as long as a pull may.
    func create(_ arguments: [String], deadline: Duration) async throws {
        _ = try await run(["create"] + arguments, "creating the container", deadline: deadline)
    }

    func start(_ name: String) async throws { _ = try await run(["start", name], "starting the container \(name)", deadline: Self.slow) }

    /// The end of what the first process wrote, for error messages.
    func lastWords(of name: String) async -> String {
        let result = try? await call(["logs", "-n", "5", name], deadline: Self.quick)
        return (result?.outputText ?? "").split(separator: "\n").joined(separator: "; ")
    }

    /// Ends it and removes it, and returns when it is not listed any more. Idempotent.
    func remove(_ name: String) async throws {
        let what = "removing the container \(name)"
        let first = try await call(["delete", "--force", name], deadline: Self.slow)
        guard try await container(name) != nil else { return }
        if first.isSuccess { throw SandboxError(.unavailable, "\(what): it is still listed", backend: AppleContainerBackend.id) }
        // One that is just stopping cannot be deleted; stopping it waits for its end.
        _ = try await call(["stop", "--time", "0", name], deadline: Self.slow)
        let second = try await call(["delete", "--force", name], deadline: Self.slow)
        guard try await container(name) != nil else { return }
        throw AppleFailure.error(what, second)
    }

    /// The command line of a relay to a socket in the container.
    func relayRequest(_ name: String, socket: FilePath) -> SpawnRequest {
        SpawnRequest(
            executable: executable,
            arguments: [
                executable.string, "exec", "--interactive", "--uid", "0", "--gid", "0", name, ApplePlan.Place.guest.string, "relay",
                "--to", socket.string,
            ], environment: environment, leadsSession: true, parentDeathSignal: 9)
    }

    // MARK: How

    private func run(_ arguments: [String], _ what: String, deadline: Duration, outputLimit: Int = 256 << 10) async throws -> [UInt8] {
        let result = try await call(arguments, deadline: deadline, outputLimit: outputLimit)
        guard result.isSuccess else { throw AppleFailure.error(what, result) }
        return result.standardOutput
    }

    private func call(_ arguments: [String], deadline: Duration, outputLimit: Int = 256 << 10) async throws -> CommandResult {
        try await CommandRunner(keeper: host.keeper).run(
            executable, arguments, environment: environment, deadline: deadline, outputLimit: outputLimit)
    }

    /// It finds its service and its settings by the user's own directories, and needs nothing else of ours.
    private var environment: [String: String] {
        var few = host.variables.filter { ["PATH", "USER", "TMPDIR", "LANG"].contains($0.key) }
        few["HOME"] = host.home.string
        return few
    }

    private static func misunderstood(_ arguments: [String]) -> SandboxError {
        SandboxError(
            .protocolViolation, "the answer of `container \(arguments.joined(separator: " "))` cannot be understood",
            remedy: "use Apple's container command 1.0 or newer", backend: AppleContainerBackend.id)
    }
}

import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// An engine's service that we started ourselves, because only its command is here: on a socket that is ours alone, for as long as this value
/// lives, and never longer than this process, however that ends.
final class EngineService: Sendable {
    let socket: FilePath
    private let folder: FilePath
    private let process: HostProcess

    /// For the time until it answers.
    static let startDeadline = Duration.seconds(20)
    private static let prefix = "sandlot-engine-"
    private static let errorLimit = 64 << 10

    private init(socket: FilePath, folder: FilePath, process: HostProcess) {
        self.socket = socket
        self.folder = folder
        self.process = process
    }

    deinit {
        // Its containers have their own keepers and go on.
        try? process.signal(SIGTERM)
        Self.clear(folder)
    }

    var isAlive: Bool { process.ending == nil }

    /// Starts the dialect's service. Nil when its command is not installed.
    static func start(_ dialect: EngineDialect, host: HostFacts) async throws -> EngineService? {
        guard let name = dialect.service.first,
            let executable = CommandRunner.find(name, searchPath: host.variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
        else { return nil }
        let own = try ProcessIdentity.of(getpid())
        let parent = base(host)
        sweep(parent)
        // Who it belongs to is in the name, so that a later process clears away what a killed one left.
        let folder = parent.appending("\(prefix)\(getpid())-\(own?.startTime ?? 0)-\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.create(folder, mode: 0o700)
        let socket = folder.appending("engine.sock")
        let errors = try Descriptors.boundedMemory(limit: errorLimit)
        var environment = host.variables
        // The engine would take these for the address of somebody else's service.
        for name in dialect.addressVariables { environment[name] = nil }
        let request = SpawnRequest(
            executable: executable, arguments: dialect.service + ["unix://\(socket)"], environment: environment, workingDirectory: "/",
            descriptors: [2: errors], leadsSession: true, parentDeathSignal: SIGTERM)
        let process: HostProcess
        do {
            process = try await host.keeper.spawn(request)
        } catch {
            clear(folder)
            throw error
        }
        let service = EngineService(socket: socket, folder: folder, process: process)
        try await service.awaitSocket(dialect, errors)
        host.logger.info(
            "started the engine's service for this process", metadata: ["backend.id": "\(dialect.id)", "pid": "\(process.identity.pid)"])
        return service
    }

    /// The service tells nobody when it listens, so its socket is looked for.
    private func awaitSocket(_ dialect: EngineDialect, _ errors: OwnedDescriptor) async throws {
        let deadline = ContinuousClock.now + Self.startDeadline
        while !HostDirectory.exists(socket) {
            if let ending = process.ending {
                let words = String(decoding: (try? Descriptors.written(to: errors)) ?? [], as: UTF8.self)
                let reason = words.split(separator: "\n").suffix(3).joined(separator: "; ")
                throw SandboxError(
                    .unavailable, "\(dialect.service.joined(separator: " ")) ended at once: \(reason.isEmpty ? "\(ending)" : reason)",
                    remedy: "run it by hand to see why, or \(dialect.start)", backend: dialect.id)
            }
            guard ContinuousClock.now < deadline else {
                throw SandboxError(
                    .timeout, "\(dialect.service.joined(separator: " ")) does not listen after \(Self.startDeadline)",
                    remedy: dialect.start, backend: dialect.id)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// A place with a short path, for a socket's address holds 107 bytes.
    private static func base(_ host: HostFacts) -> FilePath {
        if let runtime = host.variables["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), runtime.utf8.count < 50, access(runtime, W_OK) == 0 {
            return FilePath(runtime)
        }
        return host.isRoot && access("/run", W_OK) == 0 ? "/run" : "/tmp"
    }

    /// Removes what processes left that were killed. Another user's cannot be removed, and stays.
    private static func sweep(_ parent: FilePath) {
        for name in (try? HostDirectory.names(in: parent, limit: 10_000)) ?? [] where name.hasPrefix(prefix) {
            let parts = name.dropFirst(prefix.count).split(separator: "-")
            guard parts.count == 3, let pid = Int32(parts[0]), let start = UInt64(parts[1]),
                (try? ProcessIdentity.of(pid))?.startTime != start
            else { continue }
            clear(parent.appending(name))
        }
    }

    private static func clear(_ folder: FilePath) {
        unlink(folder.appending("engine.sock").string)
        rmdir(folder.string)
    }
}

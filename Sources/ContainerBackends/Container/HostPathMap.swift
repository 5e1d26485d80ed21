import SandboxCore
import SandboxHTTP
import SystemPackage

/// Our paths as the engine sees them, for the case that we are in a container ourselves.
struct HostPathMap: Sendable {
    private let pairs: [(inside: FilePath, outside: FilePath)]

    init(_ pairs: [(inside: FilePath, outside: FilePath)] = []) { self.pairs = pairs }

    /// The setting's pairs; else, in a container, the mounts that the engine tells of that container. Where it cannot be told which container
    /// is ours this is an error, for a wrong path would show a sandbox somebody else's files.
    static func find(_ settings: ContainerSettings, host: HostFacts, engine: EngineAPI) async throws -> HostPathMap {
        guard settings.hostPaths.isEmpty else { return HostPathMap(settings.hostPaths) }
        guard let own = host.container else { return HostPathMap() }
        if case .unixSocket(let socket) = engine.client.endpoint, own.sharesFiles(socket) { return HostPathMap() }
        var found: [String: EngineMessage.Container] = [:]
        for id in own.ids { if let container = try await engine.inspect(id), container.State.Running { found[container.Id] = container } }
        // A host name alone proves little: it must also be what the container itself is called.
        if found.isEmpty, !own.hostname.isEmpty, own.hostname.utf8.allSatisfy({ $0 > 0x2C && $0 < 0x7B && $0 != 0x2F }),
            let container = try await engine.inspect(own.hostname), container.State.Running, container.Config.Hostname == own.hostname
        {
            found[container.Id] = container
        }
        guard let container = found.values.first, found.count == 1 else {
            let which =
                found.isEmpty
                ? "does not know the container that Sandlot runs in" : "knows \(found.count) containers that Sandlot may run in"
            throw SandboxError(
                .unavailable, "the engine at \(engine.client.endpoint) \(which), so it cannot be told where it sees our files",
                remedy: "set host_paths to INSIDE=OUTSIDE pairs (/=/ when the engine sees the same files)", backend: engine.dialect.id)
        }
        let pairs = (container.Mounts ?? []).compactMap { mount -> (inside: FilePath, outside: FilePath)? in
            guard let source = mount.Source, source.hasPrefix("/"), mount.Destination.hasPrefix("/") else { return nil }
            return (inside: FilePath(mount.Destination), outside: FilePath(source))
        }
        guard !pairs.isEmpty else {
            throw SandboxError(
                .unavailable, "the container that Sandlot runs in shares no directory with the engine",
                remedy: "mount Sandlot's data directory and the workspaces into it", backend: engine.dialect.id)
        }
        return HostPathMap(pairs)
    }

    /// Without any pair paths are the same; with pairs, a path that none of them covers does not exist for the engine.
    func map(_ path: FilePath) throws -> FilePath {
        if pairs.isEmpty { return path }
        let fitting = pairs.filter { path.starts(with: $0.inside) }
        guard let best = fitting.max(by: { $0.inside.components.count < $1.inside.components.count }) else {
            throw SandboxError(
                .invalidArgument, "the engine cannot see '\(path)': it is in no directory that it shares with Sandlot's own container",
                remedy: "mount it into Sandlot's own container, or add INSIDE=OUTSIDE to the setting host_paths")
        }
        return best.outside.appending(path.components.dropFirst(best.inside.components.count))
    }

    /// For people.
    var description: String { pairs.map { "\($0.inside)=\($0.outside)" }.sorted().joined(separator: ", ") }
    var isIdentity: Bool { pairs.isEmpty }
}

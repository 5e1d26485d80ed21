import SandboxCore
import SystemPackage

/// Our paths as the engine sees them, for the case that we are in a container ourselves.
struct HostPathMap {
    private let pairs: [(inside: FilePath, outside: FilePath)]

    init(_ pairs: [(inside: FilePath, outside: FilePath)]) { self.pairs = pairs }

    /// Without any pair paths are the same; with pairs, a path that none of them covers does not exist for the engine.
    func map(_ path: FilePath) throws -> FilePath {
        if pairs.isEmpty { return path }
        let fitting = pairs.filter { path.starts(with: $0.inside) }
        guard let best = fitting.max(by: { $0.inside.components.count < $1.inside.components.count }) else {
            throw SandboxError(
                .invalidArgument, "the engine cannot see '\(path)': no pair of the setting host_paths covers it",
                remedy: "mount it into Sandlot's own container and add INSIDE=OUTSIDE to host_paths")
        }
        return best.outside.appending(path.components.dropFirst(best.inside.components.count))
    }
}

import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// What machines start from, made once and then only read: kernels, first file systems, images, snapshots. A name says what went into it,
/// so whatever has another origin has another name.
actor AssetStore {
    /// Seconds without use after which one is taken away.
    private static let lifetime = 30 * 86_400
    /// Seconds after which a draft is one that a crash left.
    private static let draftAge = 3600
    private static let draftPrefix = ".new-"

    let directory: FilePath
    private let logger: Logger
    private var making: [String: Task<Void, any Error>] = [:]

    init(dataDirectory: FilePath, logger: Logger) {
        directory = dataDirectory.appending("machine-assets")
        self.logger = logger
    }

    /// The path of an asset. `make` fills a draft that gets the name when it is complete; what fails leaves nothing. However many ask at
    /// once, it is made once in this process; another process may make the same meanwhile, and either result is as good.
    func asset(_ name: String, make: @escaping @Sendable (FilePath) async throws -> Void) async throws -> FilePath {
        let path = directory.appending(name)
        if HostDirectory.exists(path) {
            // Now is the time of its last use.
            utimensat(AT_FDCWD, path.string, nil, 0)
            return path
        }
        if let running = making[name] {
            try await running.value
            return path
        }
        // Nobody's own task: the first who asks may give up while others still wait.
        let task = Task { try await self.make(name, at: path, make) }
        making[name] = task
        defer { making[name] = nil }
        try await task.value
        return path
    }

    /// Takes one away that proved to be of no use.
    func discard(_ name: String) async throws { try await HostDirectory.remove(directory.appending(name)) }

    private func make(_ name: String, at path: FilePath, _ make: @Sendable (FilePath) async throws -> Void) async throws {
        // Machines run as other users, who are handed open files but must be allowed to open them anew.
        try HostDirectory.ensure(directory, mode: 0o711)
        try await prune()
        let draft = directory.appending("\(Self.draftPrefix)\(name)-\(UInt32.random(in: 0 ... .max))")
        do {
            try await make(draft)
            guard rename(draft.string, path.string) == 0 || HostDirectory.exists(path) else {
                throw SandboxError.system("naming \(path)", errno)
            }
            try await HostDirectory.remove(draft)
        } catch {
            try? await HostDirectory.remove(draft)
            throw error
        }
    }

    private func prune() async throws {
        for name in try HostDirectory.names(in: directory) {
            let path = directory.appending(name)
            guard HostDirectory.isStale(path, seconds: name.hasPrefix(Self.draftPrefix) ? Self.draftAge : Self.lifetime) else { continue }
            try await HostDirectory.remove(path)
            logger.info("an unused machine asset was removed", metadata: ["asset": "\(name)"])
        }
    }
}

import SandboxCore
import SandboxImages
import SandboxProcess
import SystemPackage

/// What an image is that others are built from.
struct ImageBase: Sendable {
    var name: String
    var id: String
    /// `amd64`, `arm64/v8`.
    var architecture: String
    var user: String
}

/// Looks into images without running anything of them: a container is made, never started, and its files are read.
///
/// What was found is kept in the data directory by the image's id, which never means anything else.
final class ImageLooks: Sendable {
    private let directory: FilePath
    private static let remembered = 256

    init(dataDirectory: FilePath) { directory = dataDirectory.appending("looks") }

    /// The distribution of an image by its id. Throws `unsupported` for one whose packages nobody here can install.
    func distribution(of base: ImageBase, engine: EngineAPI) async throws -> Distribution {
        let file = directory.appending(ImageBuild.bare(base.id))
        if let bytes = try? HostDirectory.contents(file, limit: 64 << 10), let distribution = Distribution(osRelease: bytes) {
            return distribution
        }
        let found = try await Self.inside(base, engine) { container -> (Distribution, [UInt8])? in
            // The first is often a link to the second.
            for path in ["/usr/lib/os-release", "/etc/os-release"] {
                guard let archive = try await engine.archive(path, of: container), let bytes = SmallArchive.firstFile(in: archive),
                    let distribution = Distribution(osRelease: bytes)
                else { continue }
                return (distribution, bytes)
            }
            return nil
        }
        guard let (distribution, bytes) = found else {
            throw SandboxError(
                .unsupported, "the image '\(base.name)' has no package manager that Sandlot knows",
                remedy: "use a base of Debian, Ubuntu, Fedora, Amazon Linux or Alpine, or a Dockerfile", backend: engine.dialect.id)
        }
        await keep(bytes, as: file)
        return distribution
    }

    /// Only saves time, so it may fail.
    private func keep(_ bytes: [UInt8], as file: FilePath) async {
        let names = (try? HostDirectory.names(in: directory)) ?? []
        if names.count >= Self.remembered { try? await HostDirectory.remove(directory) }
        try? HostDirectory.ensure(directory, mode: 0o700)
        try? HostDirectory.replace(file, with: bytes)
    }

    /// The packages that an image has.
    func installed(in base: ImageBase, _ distribution: Distribution, engine: EngineAPI) async throws -> Set<String> {
        if let path = InstalledPackages.listPath(distribution.manager) {
            let bytes = try await Self.inside(base, engine) { container -> [UInt8]? in
                try await engine.archive(path, of: container).flatMap(SmallArchive.firstFile)
            }
            return InstalledPackages.names(in: bytes ?? [], distribution.manager)
        }
        guard let command = InstalledPackages.listCommand(distribution.manager) else { return [] }
        let bytes = try await Self.inside(base, engine, command) { container in
            try await engine.start(container)
            try await engine.waitUntil("not-running", container, deadline: EngineAPI.slow)
            return try await engine.output(of: container)
        }
        return InstalledPackages.names(in: bytes.filter { $0 != 13 }, distribution.manager)
    }

    private static func inside<R: Sendable>(
        _ base: ImageBase, _ engine: EngineAPI, _ command: [String] = ["/never-started"],
        _ work: @Sendable (String) async throws -> R
    ) async throws -> R {
        await sweep(engine)
        let container = try await engine.create(
            EngineMessage.Look(Image: base.id, Entrypoint: command, Labels: [ImageLabels.look: "1"]))
        let found: Result<R, any Error>
        do { found = .success(try await work(container)) } catch { found = .failure(error) }
        // Owned and awaited: it goes although this task may be cancelled.
        await Task { try? await engine.remove(container) }.value
        return try found.get()
    }

    /// A Sandlot that was killed while it looked leaves a container that nobody else removes.
    private static func sweep(_ engine: EngineAPI) async {
        guard let left = try? await engine.containerUses(labelled: ImageLabels.look) else { return }
        let old = Timekeeping.now() - 600
        for container in left where container.Labels?[ImageLabels.look] != nil && (container.Created ?? .max) < old {
            try? await engine.remove(container.Id)
        }
    }
}

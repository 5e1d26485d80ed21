public import SandboxCore
import Synchronization

/// The in-memory machine with an image store and a builder: images are names, packages are words, and a build is as long as a test wants.
///
/// Any package is known, except those whose name begins with `no-such`. The base `memory-base` has the package `shell`.
public final class InMemoryImageBackend: ImageBuildingBackend {
    private struct State {
        var bases: [String: String] = [InMemoryImageBackend.defaultBase: "digest-1"]
        var images: [String: BuiltImage] = [:]
        var builds: [ImagePlan] = []
        var failures: [SandboxError] = []
        var holdsBuild = false
        var held = 0
        var clock: Int64 = 1_700_000_000
    }

    /// The base of specifications that name none.
    public static let defaultBase = "memory-base"

    /// The sandboxes beneath: its faults and records are those of this backend.
    public let sandboxes: InMemoryBackend
    private let state = Mutex(State())
    private let bell = Bell()

    /// Creates an empty machine with an image store that holds `memory-base`.
    public init(
        id: BackendID = BackendID(unchecked: "in-memory-images"), isolation: Isolation = .container,
        capabilities: Set<Capability> = InMemoryBackend.trueCapabilities
    ) {
        sandboxes = InMemoryBackend(id: id, isolation: isolation, capabilities: capabilities.union([.images, .imageBuild]))
    }

    // MARK: For tests

    /// The plans of all builds that were begun, in order.
    public var builds: [ImagePlan] { state.withLock { $0.builds } }
    /// Puts an image into the store that Sandlot did not build, or gives it another digest.
    public func setBase(_ name: String, digest: String) { state.withLock { $0.bases[name] = digest } }
    /// The next builds fail with these errors, one each, after their first line.
    public func failBuild(_ errors: SandboxError...) { state.withLock { $0.failures += errors } }
    /// From now on every build waits after its first line.
    public func holdBuild() { state.withLock { $0.holdsBuild = true } }
    /// Lets the waiting builds go on, and those to come.
    public func releaseBuild() {
        state.withLock { $0.holdsBuild = false }
        bell.ring()
    }
    /// Returns when this many builds wait.
    public func buildIsHeld(by count: Int = 1) async throws {
        while true {
            let seen = bell.count
            if state.withLock({ $0.held >= count }) { return }
            try await bell.wait(past: seen)
        }
    }
    /// Returns when this many builds or fewer are under way.
    public func buildIsOver(leaving count: Int = 0) async throws {
        while true {
            let seen = bell.count
            if state.withLock({ $0.held <= count }) { return }
            try await bell.wait(past: seen)
        }
    }

    // MARK: Sandboxes

    /// What it claims to be.
    public var descriptor: BackendDescriptor { sandboxes.descriptor }

    /// As the machine beneath.
    public func probe() async -> BackendAvailability { await sandboxes.probe() }

    /// As the machine beneath; `notFound` for an image that is not in the store.
    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        if case .reference(let name) = spec.image, state.withLock({ $0.bases[name] == nil && $0.images[name] == nil }) {
            throw SandboxError(.notFound, "there is no image '\(name)'", remedy: "build it", backend: descriptor.id)
        }
        return try await sandboxes.create(spec, record: record)
    }

    /// As the machine beneath.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox { try await sandboxes.attach(to: reference) }
    /// As the machine beneath.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] { try await sandboxes.list(owner: owner) }
    /// As the machine beneath.
    public func remove(_ reference: SandboxReference) async throws { try await sandboxes.remove(reference) }

    // MARK: Images

    /// A plan whose name is derived from the base's digest and what is done to it.
    public func plan(_ spec: ImageSpec, refreshingBase: Bool) async throws -> ImagePlan {
        if case .unavailable(let reason, let remedy) = await sandboxes.probe() {
            throw SandboxError(.unavailable, reason, remedy: remedy, backend: descriptor.id)
        }
        var packages: [String] = []
        var recipe = ""
        var base: String? = spec.base ?? Self.defaultBase
        switch spec.content {
        case .base: break
        case .packages(let names):
            let wrong = names.filter { $0.hasPrefix("no-such") || $0.isEmpty || $0.contains { $0 == " " || $0 == ";" } }
            guard wrong.isEmpty else {
                throw SandboxError(
                    .invalidArgument, "unknown packages: \(wrong.joined(separator: ", "))", remedy: "name others", backend: descriptor.id)
            }
            packages = Set(names).sorted()
        case .dockerfile(let text):
            recipe = text
            base = nil
        }
        let digest = try base.map { name in
            guard let digest = state.withLock({ $0.bases[name] ?? $0.images[name]?.id }) else {
                throw SandboxError(.notFound, "there is no image '\(name)'", remedy: "name another base", backend: descriptor.id)
            }
            return digest
        }
        let key = ([digest ?? "", recipe] + packages).joined(separator: "\n")
        return ImagePlan(
            backend: descriptor.id, spec: spec, reference: "memory/\(Self.fingerprint(key))", base: base, baseDigest: digest,
            distribution: "Memory", packages: packages, recipe: recipe)
    }

    /// The image of this name.
    public func builtImage(_ reference: String) async throws -> BuiltImage? {
        guard var image = state.withLock({ $0.images[reference] }) else { return nil }
        image.users = users(of: reference)
        return image
    }

    /// Tells a line, waits or fails where a test wants it, tells another and puts the image into the store.
    public func build(
        _ plan: ImagePlan, owner: OwnerLabel, usingCache: Bool, log: @escaping @Sendable (String) async throws -> Void
    ) async throws -> BuiltImage {
        state.withLock { $0.builds.append(plan) }
        try await log("building \(plan.reference)")
        try await holdIfAsked()
        if let failure = state.withLock({ $0.failures.isEmpty ? nil : $0.failures.removeFirst() }) { throw failure }
        if plan.recipe.contains("exit 3") {
            throw SandboxError(.invalidArgument, "a step of the build exited 3", remedy: "correct it", backend: descriptor.id)
        }
        try await log("built \(plan.reference)")
        try Task.checkCancellation()
        let backend = descriptor.id
        return state.withLock { state in
            state.clock += 1
            let image = BuiltImage(
                backend: backend, reference: plan.reference, id: "image-\(state.clock)", owner: owner, base: plan.base,
                packages: plan.packages, size: 1000, uniqueSize: 100, createdAt: state.clock)
            state.images[plan.reference] = image
            return image
        }
    }

    /// All of them.
    public func builtImages() async throws -> [BuiltImage] {
        state.withLock { Array($0.images.values) }.sorted { ($0.createdAt ?? 0) > ($1.createdAt ?? 0) }.map { image in
            var image = image
            image.users = users(of: image.reference)
            return image
        }
    }

    /// `conflict` while a sandbox uses it, `denied` for a base.
    public func removeImage(_ reference: String) async throws {
        if state.withLock({ $0.bases[reference] != nil }) {
            throw SandboxError(.denied, "'\(reference)' was not built by Sandlot", remedy: "name another", backend: descriptor.id)
        }
        guard users(of: reference) == 0 else {
            throw SandboxError(.conflict, "'\(reference)' is used", remedy: "end its sandboxes", backend: descriptor.id)
        }
        state.withLock { _ = $0.images.removeValue(forKey: reference) }
    }

    /// 1000 bytes for each image.
    public func imageStoreUsage() async throws -> ImageStoreUsage {
        let (bases, images) = state.withLock { ($0.bases.count, $0.images.count) }
        return ImageStoreUsage(
            images: bases + images, imageBytes: UInt64(bases * 1000 + images * 100), ours: images, ourBytes: UInt64(images * 100),
            containers: sandboxes.sandboxIDs.count)
    }

    /// The base has `shell` and nothing else.
    public func checkPackages(_ names: [String], base: String?) async throws -> PackageReport {
        PackageReport(
            base: base ?? Self.defaultBase, distribution: "Memory", packageManager: "apt",
            entries: names.map { name in
                let verdict: PackageReport.Verdict =
                    name == "shell" ? .installed : name.hasPrefix("no-such") ? .unknown : .missing
                return PackageReport.Entry(name: name, packages: [name], verdict: verdict)
            })
    }

    /// The image's name as text.
    public func exportImage(_ reference: String, to sink: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
        guard try await builtImage(reference) != nil else {
            throw SandboxError(.notFound, "there is no image '\(reference)'", remedy: "list them", backend: descriptor.id)
        }
        try await sink(Array(reference.utf8))
    }

    private func holdIfAsked() async throws {
        guard state.withLock({ $0.holdsBuild }) else { return }
        state.withLock { $0.held += 1 }
        bell.ring()
        defer {
            state.withLock { $0.held -= 1 }
            bell.ring()
        }
        while true {
            let seen = bell.count
            if !state.withLock({ $0.holdsBuild }) { return }
            try await bell.wait(past: seen)
        }
    }

    private func users(of reference: String) -> Int {
        let alive = Set(sandboxes.sandboxIDs)
        return sandboxes.madeSandboxes.filter { $0.image == .reference(reference) && alive.contains($0.id) }.count
    }

    private static func fingerprint(_ text: String) -> String {
        var digest = SHA256()
        digest.update(Array(text.utf8))
        return digest.finish().prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

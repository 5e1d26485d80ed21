import Logging
public import SandboxCore
import SandboxImages
import SandboxStore
public import SystemPackage

/// How an image shall be built.
public struct ImageBuildOptions: Sendable, Equatable {
    /// The base is fetched although it is there.
    public var refreshesBase: Bool
    /// Built although the image exists.
    public var rebuilds: Bool
    /// What earlier builds left may be used.
    public var usesCache: Bool

    /// Creates options: by default an image that exists is not built again.
    public init(refreshesBase: Bool = false, rebuilds: Bool = false, usesCache: Bool = true) {
        self.refreshesBase = refreshesBase
        self.rebuilds = rebuilds
        self.usesCache = usesCache
    }
}

/// What a build came to.
public struct ImageBuildResult: Sendable, Equatable {
    public var image: BuiltImage
    public var plan: ImagePlan
    /// False when it existed already.
    public var wasBuilt: Bool
    public var duration: Duration
}

extension EngineImages {
    /// Makes sure that an image of this specification exists, and tells its name.
    ///
    /// However many callers ask for the same image, in however many processes on this data directory, it is built once; `log` gets the lines of a
    /// build from when this caller came. A caller that is cancelled stops waiting, and a build that nobody waits for any more is cancelled.
    /// A failed build leaves no image of that name.
    public func build(
        _ spec: ImageSpec, on backend: BackendID? = nil, options: ImageBuildOptions = ImageBuildOptions(),
        log: (@Sendable (String) -> Void)? = nil
    ) async throws -> ImageBuildResult {
        let start = ContinuousClock.now
        let builder = try await builder(backend)
        let engine = engine
        let plan: ImagePlan
        do {
            plan = try await withDeadline(engine.configuration.images.buildTimeout, "preparing the image") {
                try await builder.plan(spec, refreshingBase: options.refreshesBase)
            }
        } catch let error as SandboxError where error.code == .unavailable {
            throw await naming(othersThan: builder.descriptor.id, error)
        }
        if !options.rebuilds, let image = try await present(plan, builder) {
            return ImageBuildResult(image: image, plan: plan, wasBuilt: false, duration: .now - start)
        }
        let key = ImageBuilds.Key(backend: plan.backend, reference: plan.reference)
        let image = try await engine.imageBuilds.value(for: key, log: log) { tell in
            try await self.buildNow(plan, builder, options, since: start, tell)
        }
        return ImageBuildResult(image: image, plan: plan, wasBuilt: true, duration: .now - start)
    }

    /// Where the log of an image's last build is; there may be none.
    public func logFile(of reference: String, on backend: BackendID) -> FilePath {
        engine.buildLogs.appending(SandboxKey.fileName("\(backend)-\(reference)") + ".log")
    }

    /// An image is of use only to the backend in whose store it is, so nobody else builds in the place of one that is down; but who could is told.
    private func naming(othersThan down: BackendID, _ error: SandboxError) async -> SandboxError {
        let others = ((try? await builders(nil)) ?? []).map(\.descriptor.id).filter { $0 != down }
        guard !others.isEmpty else { return error }
        let names = others.map(\.rawValue).joined(separator: ", ")
        return SandboxError(
            error.code, error.message,
            remedy:
                "\(error.remedy ?? "start it"), or choose another backend (\(names)): \(down) cannot use an image that another one built",
            backend: error.backend, cause: error.cause)
    }

    private func present(_ plan: ImagePlan, _ builder: any ImageBuildingBackend) async throws -> BuiltImage? {
        guard let image = try await quickly("looking for the image", { try await builder.builtImage(plan.reference) }) else { return nil }
        let now = Timestamp.now().milliseconds
        try await engine.store.write { try $0.touchImage(plan.reference, of: plan.backend, at: now) }
        return image
    }

    private func buildNow(
        _ plan: ImagePlan, _ builder: any ImageBuildingBackend, _ options: ImageBuildOptions, since start: ContinuousClock.Instant,
        _ tell: @escaping @Sendable (String) -> Void
    ) async throws -> BuiltImage {
        let engine = engine
        let asked = Timestamp.now()
        // Another process may build the same: then its image is ours too.
        let lock = try await engine.imageLocks.take("image/\(plan.backend)/\(plan.reference)")
        defer { lock.unlock() }
        if let image = try await present(plan, builder) {
            let isNewer = image.createdAt.map { Timestamp(milliseconds: $0 * 1000 + 999) >= asked } ?? false
            if !options.rebuilds || isNewer { return image }
        }
        let facts = ["backend": plan.backend.rawValue, "image": plan.reference]
        let journal = try BuildJournal(file: logFile(of: plan.reference, on: plan.backend)) { lines in
            engine.store.enqueue { try $0.announce(.imageBuildLog, facts.merging(["lines": lines]) { $1 }) }
        }
        defer { journal.close() }
        let begun = ContinuousClock.now
        try await engine.store.write { transaction in
            let more = ["packages": String(plan.packages.count), "base": plan.base ?? ""]
            try transaction.announce(.imageBuildStarted, facts.merging(more) { $1 })
        }
        do {
            let owner = engine.store.owner
            let image = try await withDeadline(engine.configuration.images.buildTimeout, "building the image") {
                try await builder.build(plan, owner: owner, usingCache: options.usesCache) { line in
                    journal.write(line)
                    tell(line)
                }
            }
            journal.flush()
            let seconds = String((ContinuousClock.now - begun).components.seconds)
            let now = Timestamp.now().milliseconds
            try await engine.store.write { transaction in
                try transaction.touchImage(plan.reference, of: plan.backend, at: now)
                try transaction.announce(.imageBuildFinished, facts.merging(["seconds": seconds]) { $1 })
            }
            return image
        } catch {
            journal.flush()
            let reason = (error as? SandboxError)?.description ?? (error is CancellationError ? "cancelled" : "\(error)")
            do {
                // Told before the caller hears of it, who may look at once.
                try await engine.store.write { try $0.announce(.imageBuildFailed, facts.merging(["reason": reason]) { $1 }) }
            } catch {
                engine.logger.error("a failed build cannot be told to the feed", metadata: ["error": "\(error)"])
            }
            engine.logger.notice("an image was not built", metadata: ["image": "\(plan.reference)", "backend.id": "\(plan.backend)"])
            throw error
        }
    }
}

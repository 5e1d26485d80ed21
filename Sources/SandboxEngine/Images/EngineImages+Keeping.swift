import Glibc
public import SandboxCore
import SandboxImages
import SandboxStore
import SystemPackage

/// A built image with what this data directory knows of it.
public struct KeptImage: Sendable, Codable, Equatable {
    public var image: BuiltImage
    /// Nil when it was not used from here.
    public var lastUsedAt: Timestamp?
    /// False for an image of another data directory.
    public var isOurs: Bool
}

/// What pruning did, or would do.
public struct ImagePruning: Sendable, Equatable {
    public var removed: [KeptImage] = []
    /// Bytes that the removed images alone took, as far as their backends tell.
    public var bytes: UInt64 = 0
    /// What could not be done, and why.
    public var problems: [String] = []
}

extension EngineImages {
    /// The images that Sandlot built, newest first. A backend that fails is told by `problem` and does not hide the others' images.
    public func list(
        on backend: BackendID? = nil, problem: (BackendID, any Error) -> Void = { _, _ in }
    ) async throws -> [KeptImage] {
        let uses = try await engine.store.read { try $0.imageUses() }
        var all: [KeptImage] = []
        for builder in try await builders(backend) {
            let id = builder.descriptor.id
            do {
                let images = try await quickly("listing images") { try await builder.builtImages() }
                all += images.map { image in
                    let use = uses.first { $0.backend == id && $0.reference == image.reference }
                    return KeptImage(
                        image: image, lastUsedAt: use.map { Timestamp(milliseconds: $0.usedAt) },
                        isOurs: image.owner == engine.store.owner)
                }
            } catch {
                if backend != nil { throw error }
                problem(id, error)
            }
        }
        return all.sorted { ($0.image.createdAt ?? 0) > ($1.image.createdAt ?? 0) }
    }

    /// A built image by its name; nil when no backend that is available has it.
    public func show(_ reference: String, on backend: BackendID? = nil) async throws -> KeptImage? {
        let uses = try await engine.store.read { try $0.imageUses() }
        for builder in try await builders(backend) {
            guard let image = try await quickly("looking for the image", { try await builder.builtImage(reference) }) else { continue }
            let use = uses.first { $0.backend == image.backend && $0.reference == image.reference }
            return KeptImage(
                image: image, lastUsedAt: use.map { Timestamp(milliseconds: $0.usedAt) }, isOurs: image.owner == engine.store.owner)
        }
        return nil
    }

    /// What a specification comes to at a backend now. Builds nothing, but may fetch the base.
    public func plan(_ spec: ImageSpec, on backend: BackendID? = nil) async throws -> ImagePlan {
        let builder = try await builder(backend)
        return try await withDeadline(engine.configuration.images.buildTimeout, "preparing the image") {
            try await builder.plan(spec, refreshingBase: false)
        }
    }

    /// Removes a built image from a backend, or from every one that has it; returns from which. Throws `notFound` when none has it, `conflict`
    /// while it is used, `denied` for what Sandlot did not build.
    @discardableResult
    public func remove(_ reference: String, on backend: BackendID? = nil) async throws -> [BackendID] {
        var removed: [BackendID] = []
        var refusal: (any Error)?
        for builder in try await builders(backend) {
            let isBuilt = try await quickly("looking for the image") { try await builder.builtImage(reference) } != nil
            do {
                // Asked in any case, so that an image which is not ours is told as such.
                try await quickly("removing the image") { try await builder.removeImage(reference) }
                if isBuilt { removed.append(builder.descriptor.id) }
            } catch {
                refusal = refusal ?? error
            }
        }
        for id in removed { try await forgetUse(reference, id) }
        if let refusal { throw refusal }
        guard !removed.isEmpty else {
            throw SandboxError(
                .notFound, "no backend here has a built image '\(reference.prefix(200))'", remedy: "see `sandlot image list`",
                backend: backend)
        }
        return removed
    }

    /// Removes our images that nothing is made from and that are older and longer unused than asked. Images of other data directories, and those
    /// that Sandlot did not build, stay. With `dryRun` it only tells.
    public func prune(
        olderThan age: Duration = .zero, unusedFor disuse: Duration = .zero, on backend: BackendID? = nil, dryRun: Bool = false
    ) async throws -> ImagePruning {
        var report = ImagePruning()
        let now = Timestamp.now()
        let all = try await list(on: backend) { report.problems.append("\($0): \($1)") }
        for kept in all where kept.isOurs && kept.image.users == 0 {
            let made = Timestamp(milliseconds: (kept.image.createdAt ?? 0) * 1000)
            guard now - made >= age, now - (kept.lastUsedAt ?? made) >= disuse else { continue }
            do {
                if !dryRun { try await remove(kept.image.reference, on: kept.image.backend) }
                report.removed.append(kept)
                report.bytes += kept.image.uniqueSize ?? 0
            } catch let error as SandboxError where error.code == .conflict {
                // A sandbox was made from it meanwhile.
                continue
            } catch {
                report.problems.append("\(kept.image.reference): \(error)")
            }
        }
        return report
    }

    /// What image stores take, by backend.
    public func usage(
        on backend: BackendID? = nil, problem: (BackendID, any Error) -> Void = { _, _ in }
    ) async throws -> [(backend: BackendID, usage: ImageStoreUsage)] {
        var all: [(backend: BackendID, usage: ImageStoreUsage)] = []
        for builder in try await builders(backend) {
            do {
                let usage = try await quickly("asking for the disk's use") { try await builder.imageStoreUsage() }
                all.append((backend: builder.descriptor.id, usage: usage))
            } catch {
                if backend != nil { throw error }
                problem(builder.descriptor.id, error)
            }
        }
        return all
    }

    /// Which packages (or `@set`s) a base has, and which it could have.
    public func check(_ packages: [String], base: String? = nil, on backend: BackendID? = nil) async throws -> PackageReport {
        let builder = try await builder(backend)
        return try await withDeadline(engine.configuration.images.buildTimeout, "looking into the image") {
            try await builder.checkPackages(Self.names(packages), base: base)
        }
    }

    /// Hands a built image over as an archive, piece by piece.
    public func export(
        _ reference: String, on backend: BackendID? = nil, to sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        guard let kept = try await show(reference, on: backend) else {
            throw SandboxError(.notFound, "there is no built image '\(reference.prefix(200))'", remedy: "see `sandlot image list`")
        }
        let builder = try await builder(kept.image.backend)
        try await withDeadline(engine.configuration.images.buildTimeout, "exporting the image") {
            try await builder.exportImage(reference, to: sink)
        }
    }

    private func forgetUse(_ reference: String, _ backend: BackendID) async throws {
        unlink(logFile(of: reference, on: backend).string)
        try await engine.store.write { try $0.forgetImage(reference, of: backend) }
    }
}

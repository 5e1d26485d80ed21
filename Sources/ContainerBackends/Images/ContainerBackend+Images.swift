public import SandboxCore
import SandboxImages

extension ContainerBackend: ImageBuildingBackend {
    private static let exportDeadline = Duration.seconds(3600)

    /// Resolves the base, reads what distribution it is, and translates the packages.
    public func plan(_ spec: ImageSpec, refreshingBase: Bool) async throws -> ImagePlan {
        let engine = try await connection.open()
        switch spec.content {
        case .dockerfile(let text):
            let names = try DockerfileBases.references(in: text)
            var bases: [ImageBase] = []
            for name in names { bases.append(try await base(name, engine, refreshing: refreshingBase)) }
            let key = ImageName.key(
                bases: bases.map(\.id), architecture: bases.first?.architecture ?? engine.facts.operatingSystem, packages: [], spec: spec)
            return ImagePlan(
                backend: dialect.id, spec: spec, reference: ImageName.reference(key: key), base: nil, baseDigest: bases.last?.id,
                distribution: nil, packages: [], recipe: text)
        case .base:
            let base = try await base(spec.base ?? settings.image, engine, refreshing: refreshingBase)
            return plan(
                spec, base, [], nil, recipe: "FROM \(ImageBuild.bare(base.id))\nLABEL \(ImageLabels.layer)=\"\(PackageRecipe.version)\"\n")
        case .packages(let names):
            // What can be refused without an engine's help is refused before anything is fetched.
            for name in try PackageSet.expand(names) where !PackageMap.isWellFormed(name.split(separator: ":").last.map(String.init) ?? "")
            {
                throw SandboxError(
                    .invalidArgument, "no package can be called '\(name.prefix(60))'", remedy: "correct the name", backend: dialect.id)
            }
            let base = try await base(spec.base ?? settings.image, engine, refreshing: refreshingBase)
            if names.isEmpty { return try await plan(ImageSpec(base: spec.base, .base), refreshingBase: false) }
            let distribution = try await looks.distribution(of: base, engine: engine)
            let recipe = try PackageRecipe(names, on: distribution)
            let text = recipe.dockerfile(base: ImageBuild.bare(base.id), user: base.user, layerLabel: ImageLabels.layer)
            return plan(spec, base, recipe.packages, distribution, recipe: text)
        }
    }

    /// By the engine's own store.
    public func builtImage(_ reference: String) async throws -> BuiltImage? {
        let engine = try await connection.open()
        guard let details = try await engine.imageDetails(try ImageSupply.check(reference)) else { return nil }
        return described(details)
    }

    /// Builds at the engine, by its build API.
    public func build(
        _ plan: ImagePlan, owner: OwnerLabel, usingCache: Bool, log: @escaping @Sendable (String) async throws -> Void
    ) async throws -> BuiltImage {
        let engine = try await connection.open()
        try await ImageBuild(engine: engine, plan: plan, owner: owner, settings: settings.build, logger: host.logger)
            .run(usingCache: usingCache, log: log)
        guard let built = try await builtImage(plan.reference) else {
            throw SandboxError(
                .conflict, "the image '\(plan.reference)' was removed as soon as it was built", remedy: "build it again",
                backend: dialect.id)
        }
        return built
    }

    /// By label, newest first.
    public func builtImages() async throws -> [BuiltImage] {
        let engine = try await connection.open()
        let listed = try await engine.images(labelled: ImageLabels.image)
        let uses = try await engine.containerUses()
        return listed.compactMap { image in
            guard
                var built = ImageLabels.describe(image.Labels, backend: dialect.id, id: image.Id, tags: image.RepoTags)
            else { return nil }
            built.size = image.Size.flatMap { $0 >= 0 ? UInt64($0) : nil }
            built.createdAt = image.Created
            built.users = uses.count { $0.ImageID == image.Id }
            return built
        }.sorted { ($0.createdAt ?? 0, $0.reference) > ($1.createdAt ?? 0, $1.reference) }
    }

    /// Only what carries our label.
    public func removeImage(_ reference: String) async throws {
        let engine = try await connection.open()
        let name = try ImageSupply.check(reference)
        guard let details = try await engine.imageDetails(name) else { return }
        guard described(details) != nil else {
            throw SandboxError(
                .denied, "the image '\(name)' was not built by Sandlot", remedy: "remove it with \(dialect.name) if that is what you want",
                backend: dialect.id)
        }
        let users = try await engine.containerUses().filter { $0.ImageID == details.Id }
        guard users.isEmpty else {
            throw SandboxError(
                .conflict, "\(users.count) container(s) are made from the image '\(name)'", remedy: "end their sessions first",
                backend: dialect.id)
        }
        try await engine.removeImage(name)
        try? await engine.removeLeftLayers()
    }

    /// What the engine itself counts.
    public func imageStoreUsage() async throws -> ImageStoreUsage {
        let engine = try await connection.open()
        let usage = try await engine.diskUsage()
        let images = usage.Images ?? []
        let containers = usage.Containers ?? []
        let used = Set(containers.compactMap(\.ImageID))
        func bytes(_ number: Int64?) -> UInt64 { UInt64(max(0, number ?? 0)) }
        func unique(_ image: EngineMessage.ImageListed) -> UInt64 {
            bytes((image.Size ?? 0) - max(0, image.SharedSize ?? 0))
        }
        // Not every engine tells labels here.
        let known = try await engine.images(labelled: ImageLabels.image).filter { image in
            ImageLabels.describe(image.Labels, backend: dialect.id, id: image.Id, tags: image.RepoTags) != nil
        }
        let digests = Set(known.map { ImageBuild.bare($0.Id) })
        let ours = images.filter { digests.contains(ImageBuild.bare($0.Id)) }
        let layers = bytes(usage.LayersSize)
        return ImageStoreUsage(
            images: images.count, imageBytes: layers > 0 ? layers : images.isEmpty ? 0 : nil, ours: ours.count,
            ourBytes: ours.reduce(0) { $0 + unique($1) },
            reclaimableBytes: ours.filter { !used.contains($0.Id) }.reduce(0) { $0 + unique($1) }, containers: containers.count,
            runningContainers: containers.count { $0.State == "running" }, containerBytes: containers.reduce(0) { $0 + bytes($1.SizeRw) },
            cacheBytes: usage.BuildCache.map { $0.reduce(0) { $0 + bytes($1.Size) } })
    }

    /// Reads the package manager's list out of the base.
    public func checkPackages(_ names: [String], base name: String?) async throws -> PackageReport {
        let engine = try await connection.open()
        let base = try await base(name ?? settings.image, engine, refreshing: false)
        let distribution = try await looks.distribution(of: base, engine: engine)
        let installed = try await looks.installed(in: base, distribution, engine: engine)
        let map = PackageMap(distribution)
        let entries = try PackageSet.expand(names).map { name -> PackageReport.Entry in
            let mapped = map.map(name)
            let verdict: PackageReport.Verdict =
                switch mapped.problem {
                case nil: installed.isSuperset(of: mapped.packages) ? .installed : .missing
                case .unavailable: .unavailable
                case .unknown, .malformed: .unknown
                }
            return PackageReport.Entry(name: name, packages: mapped.packages, verdict: verdict)
        }
        return PackageReport(
            base: base.name, distribution: distribution.name, packageManager: distribution.manager.rawValue, entries: entries)
    }

    /// In the form that `docker load` and `podman load` take.
    public func exportImage(_ reference: String, to sink: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
        let engine = try await connection.open()
        try await engine.export(try ImageSupply.check(reference), deadline: Self.exportDeadline, to: sink)
    }

    private func base(_ name: String, _ engine: EngineAPI, refreshing: Bool) async throws -> ImageBase {
        let name = try ImageSupply.check(name)
        let supply = ImageSupply(engine: engine, settings: settings, logger: host.logger)
        if refreshing { try await supply.refresh(name) }
        let image = try await supply.ensure(name)
        guard let details = try await engine.imageDetails(ImageBuild.bare(image.Id)) else {
            throw SandboxError(.notFound, "the image '\(name)' was removed meanwhile", remedy: "try again", backend: dialect.id)
        }
        let architecture = [details.Architecture, details.Variant].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "/")
        return ImageBase(name: name, id: details.Id, architecture: architecture, user: details.Config?.User ?? "")
    }

    private func plan(
        _ spec: ImageSpec, _ base: ImageBase, _ packages: [String], _ distribution: Distribution?, recipe: String
    ) -> ImagePlan {
        let key = ImageName.key(bases: [base.id], architecture: base.architecture, packages: packages, spec: spec)
        return ImagePlan(
            backend: dialect.id, spec: spec, reference: ImageName.reference(key: key), base: base.name, baseDigest: base.id,
            distribution: distribution?.name, packages: packages, recipe: recipe)
    }

    private func described(_ details: EngineMessage.ImageDetails) -> BuiltImage? {
        var built = ImageLabels.describe(details.Config?.Labels, backend: dialect.id, id: details.Id, tags: details.RepoTags)
        built?.size = details.Size.flatMap { $0 >= 0 ? UInt64($0) : nil }
        built?.createdAt = Timekeeping.seconds(details.Created)
        return built
    }
}

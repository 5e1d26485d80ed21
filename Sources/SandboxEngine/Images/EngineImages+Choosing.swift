public import SandboxCore
import SandboxImages
import SandboxStore
import SystemPackage

extension EngineImages {
    /// Which image a new sandbox of a backend would get now, and why: the session's, else the backend's default, else the global one, else
    /// what the backend offers by itself. A default that was set with `setDefault` wins over one of the settings.
    public func decide(_ choice: ImageChoice = .backendDefault, on backend: BackendID) async throws -> ImageDecision {
        let descriptor = try engine.registry.backend(backend).descriptor
        switch choice {
        case .reference(let text): return ImageDecision(image: text, origin: .session, reason: "the session names it")
        case .rootDirectory(let path): return ImageDecision(image: path.string, origin: .session, reason: "the session names it")
        case .backendDefault: break
        }
        guard descriptor.capabilities.contains(.images) else {
            return ImageDecision(image: nil, origin: .builtIn, reason: "this backend has no images to choose from")
        }
        let set = try await engine.store.read { try $0.imageDefaults() }
        let configuration = engine.configuration.images
        if let image = set[backend] {
            return ImageDecision(image: image, origin: .backend, reason: "set as the default of \(backend)")
        }
        if let image = configuration.backendDefaults[backend] {
            return ImageDecision(image: image, origin: .backend, reason: "the settings' default of \(backend)")
        }
        let global = set[nil].map { ($0, "set as the default") } ?? configuration.defaultImage.map { ($0, "the settings' default") }
        guard let (image, reason) = global else {
            return ImageDecision(image: nil, origin: .builtIn, reason: "no default is set")
        }
        // A name of one kind of store says nothing to another kind.
        guard image.hasPrefix("@") ? descriptor.capabilities.contains(.imageBuild) : descriptor.isolation == .container else {
            let why = image.hasPrefix("@") ? "builds no images" : "has images of another kind"
            return ImageDecision(image: nil, origin: .builtIn, reason: "the default '\(image)' is not for it: it \(why)")
        }
        return ImageDecision(image: image, origin: .global, reason: reason)
    }

    /// What an image as people write it is built from; nil for a reference, which is not built. Throws `notFound` for a name that is not saved.
    public func spec(of image: String) async throws -> ImageSpec? {
        switch try ImageExpression(parsing: image) {
        case .reference: return nil
        case .packages(let names): return ImageSpec(.packages(names + engine.configuration.images.extraPackages))
        case .named(let name):
            if let saved = try await engine.store.read({ try $0.imageSpec(name) }) { return try StoredText.decode(saved) }
            guard PackageSet.named(name) != nil else {
                let saved = try await engine.store.read { try $0.imageSpecs() }.map { "@" + $0.name }
                throw SandboxError(
                    .notFound, "there is no image '@\(name)'",
                    remedy: "use one of \((saved + PackageSet.all.map(\.reference)).joined(separator: ", ")), or save one: "
                        + "`sandlot image build --name \(name) …`")
            }
            return ImageSpec(.packages(["@" + name] + engine.configuration.images.extraPackages))
        }
    }

    /// The image of a sandbox, built where it must be. Waits for a build that is under way.
    func ready(_ plan: SessionPlan, on backend: BackendID) async throws -> ReadyImage {
        var decision = try await decide(plan.image, on: backend)
        let packages = plan.packages ?? []
        let isBuilder = try engine.registry.backend(backend) is any ImageBuildingBackend
        guard let image = decision.image, case let spec = try await spec(ofChoice: plan.image, image), spec != nil || !packages.isEmpty
        else {
            if packages.isEmpty {
                return ReadyImage(backend: backend, decision: decision, choice: choice(decision, plan.image), provisions: [])
            }
            guard isBuilder else { return ReadyImage(backend: backend, decision: decision, choice: .backendDefault, provisions: packages) }
            return try await built(&decision, ImageSpec(.packages(packages)), on: backend)
        }
        guard isBuilder else {
            guard spec == nil else {
                throw SandboxError(
                    .unsupported, "this backend cannot build the image '\(image)'", remedy: "choose a backend that builds images",
                    backend: backend)
            }
            return ReadyImage(backend: backend, decision: decision, choice: choice(decision, plan.image), provisions: packages)
        }
        guard let spec else { return try await built(&decision, ImageSpec(base: image, .packages(packages)), on: backend) }
        guard !packages.isEmpty else { return try await built(&decision, spec, on: backend) }
        if case .packages(let names) = spec.content {
            return try await built(&decision, ImageSpec(base: spec.base, .packages(names + packages)), on: backend)
        }
        let under = try await build(spec, on: backend).image.reference
        return try await built(&decision, ImageSpec(base: under, .packages(packages)), on: backend)
    }

    /// Whether anything may have to be built before a sandbox can be made.
    func mayBuild(_ plan: SessionPlan, on backend: BackendID) async throws -> Bool {
        guard try engine.registry.backend(backend) is any ImageBuildingBackend else { return false }
        if plan.packages?.isEmpty == false { return true }
        if case .rootDirectory = plan.image { return false }
        return try await decide(plan.image, on: backend).image?.hasPrefix("@") == true
    }

    private func spec(ofChoice choice: ImageChoice, _ image: String) async throws -> ImageSpec? {
        if case .rootDirectory = choice { return nil }
        return try await spec(of: image)
    }

    private func built(_ decision: inout ImageDecision, _ spec: ImageSpec, on backend: BackendID) async throws -> ReadyImage {
        let reference = try await build(spec, on: backend).image.reference
        decision.built = reference
        return ReadyImage(backend: backend, decision: decision, choice: .reference(reference), provisions: [])
    }

    private func choice(_ decision: ImageDecision, _ asked: ImageChoice) -> ImageChoice {
        guard asked == .backendDefault, let image = decision.image else { return asked }
        return .reference(image)
    }
}

/// The image of one sandbox, ready to be used.
struct ReadyImage: Sendable {
    var backend: BackendID
    var decision: ImageDecision
    /// What the backend is told.
    var choice: ImageChoice
    /// What must be installed after the sandbox was made.
    var provisions: [String]
}

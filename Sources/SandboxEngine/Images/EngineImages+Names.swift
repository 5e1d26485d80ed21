public import SandboxCore
import SandboxImages
import SandboxStore

extension EngineImages {
    /// Keeps a specification under a name, so that sessions can ask for `@name`. A name that had another before means this one from now on.
    public func save(_ spec: ImageSpec, as name: String) async throws {
        try Self.check(name: name)
        let text = try StoredText.encode(spec)
        let now = Timestamp.now().milliseconds
        try await engine.store.write { try $0.saveImageSpec(name, text, at: now) }
    }

    static func check(name: String) throws {
        _ = try ImageSpecName(validating: name)
        guard PackageSet.named(name) == nil else {
            throw SandboxError(.invalidArgument, "'@\(name)' is a package set", remedy: "choose another name")
        }
    }

    /// Forgets a saved specification. What was built from it stays. Throws `notFound` when there is none, `conflict` while it is a default.
    public func forget(_ name: String) async throws {
        let found = try await engine.store.write { transaction -> Bool in
            if let user = try transaction.imageDefaults().first(where: { $0.value == "@" + name }) {
                throw SandboxError(
                    .conflict, "'@\(name)' is the default of \(user.key?.rawValue ?? "all backends")", remedy: "set another default first")
            }
            return try transaction.deleteImageSpec(name)
        }
        guard found else { throw SandboxError(.notFound, "there is no saved image '@\(name)'", remedy: "list them") }
    }

    /// The saved specifications, by name.
    public func saved() async throws -> [(name: String, spec: ImageSpec)] {
        try await engine.store.read { try $0.imageSpecs() }.map { (name: $0.name, spec: try StoredText.decode($0.spec)) }
    }

    /// The image of new sandboxes of a backend, or of all backends; nil leaves it to the settings again. It counts from now on, in every process on
    /// this data directory. Throws for an image that makes no sense and for a backend that cannot have it; then nothing changes.
    public func setDefault(_ image: String?, on backend: BackendID? = nil) async throws {
        if let backend {
            let statuses = await engine.registry.statuses(refresh: false) { _ in false }
            guard let descriptor = statuses.first(where: { $0.descriptor.id == backend })?.descriptor else {
                throw Router.unknown(backend, statuses)
            }
            let needed = image?.hasPrefix("@") == true ? Capability.imageBuild : .images
            guard descriptor.capabilities.contains(needed) else {
                throw SandboxError(
                    .unsupported, needed == .images ? "this backend has no images to choose from" : "this backend builds no images",
                    remedy: "choose another backend", backend: backend)
            }
        }
        if let image { _ = try await spec(of: image) }
        let now = Timestamp.now().milliseconds
        try await engine.store.write { transaction in
            try transaction.setImageDefault(image, of: backend, at: now)
            try transaction.announce(.imageDefaultSet, ["backend": backend?.rawValue ?? "", "image": image ?? ""])
        }
    }

    /// What every backend that has images would use now, with the reason.
    public func defaults() async throws -> [(backend: BackendID, decision: ImageDecision)] {
        var all: [(backend: BackendID, decision: ImageDecision)] = []
        for backend in engine.registry.backends where backend.descriptor.capabilities.contains(.images) {
            all.append((backend: backend.descriptor.id, decision: try await decide(on: backend.descriptor.id)))
        }
        return all
    }

    /// The package sets there are.
    public var sets: [PackageSetSummary] {
        PackageSet.all.map { PackageSetSummary(name: $0.name, summary: $0.summary, packages: $0.packages) }
    }
}

/// A named list of packages.
public struct PackageSetSummary: Sendable, Codable, Equatable {
    public var name: String
    /// One sentence.
    public var summary: String
    /// By their Debian names.
    public var packages: [String]
}

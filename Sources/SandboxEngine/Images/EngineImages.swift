import SandboxCore

/// Images: which one a sandbox gets, building, looking, removing. `engine.images` is the only way to it.
public struct EngineImages: Sendable {
    let engine: Engine

    /// A backend that builds images, by its id; without one the first in the order of automatic choice that is available.
    ///
    /// Throws `unsupported` for one that builds none; `unavailable`, with what each one says, when none can be used now.
    func builder(_ id: BackendID?) async throws -> any ImageBuildingBackend {
        // One that was named is asked by the work itself; without a name only those that build are of interest.
        let statuses = await engine.registry.statuses(refresh: false) { id == nil && $0.capabilities.contains(.imageBuild) }
        let building = statuses.filter { $0.descriptor.capabilities.contains(.imageBuild) }
        if let id {
            guard statuses.contains(where: { $0.descriptor.id == id }) else { throw Router.unknown(id, statuses) }
            guard let builder = try engine.registry.backend(id) as? any ImageBuildingBackend else {
                throw SandboxError(
                    .unsupported, "this backend builds no images",
                    remedy: building.isEmpty
                        ? "none here does" : "use one of \(building.map(\.descriptor.id.rawValue).joined(separator: ", "))",
                    backend: id)
            }
            return builder
        }
        let order = (engine.configuration.defaultBackend.map { [$0] } ?? []) + engine.configuration.autoOrder
        let ranked = building.sorted { left, right in
            (order.firstIndex(of: left.descriptor.id) ?? .max) < (order.firstIndex(of: right.descriptor.id) ?? .max)
        }
        for status in ranked where status.availability.isAvailable {
            if let builder = try engine.registry.backend(status.descriptor.id) as? any ImageBuildingBackend { return builder }
        }
        let reasons = ranked.map { status -> String in
            guard case .unavailable(let reason, _) = status.availability else { return "\(status.descriptor.id)" }
            return "\(status.descriptor.id): \(reason)"
        }
        throw SandboxError(
            .unavailable, "no backend can build an image now (\(reasons.isEmpty ? "none builds any" : reasons.joined(separator: "; ")))",
            remedy: "start one of them; see `sandlot doctor`")
    }

    /// All that build images and are available.
    func builders(_ id: BackendID?) async throws -> [any ImageBuildingBackend] {
        if id != nil { return [try await builder(id)] }
        let statuses = await engine.registry.statuses(refresh: false) { $0.capabilities.contains(.imageBuild) }
        return try statuses.filter(\.availability.isAvailable).compactMap {
            try engine.registry.backend($0.descriptor.id) as? any ImageBuildingBackend
        }
    }

    /// Work at a backend that takes no build's time.
    func quickly<T: Sendable>(_ what: String, _ work: @escaping @Sendable () async throws -> T) async throws -> T {
        try await withDeadline(engine.configuration.preparationTimeout, what, work)
    }
}

extension Engine {
    /// Images: which one a sandbox gets, building, looking, removing.
    public var images: EngineImages { EngineImages(engine: self) }
}

import Logging
import SandboxCore

/// Ends a sandbox, whoever made it, and removes what it left at the engine and on the host. Goes by labels, never by a name or a remembered id.
struct ContainerRemoval: Sendable {
    let backend: BackendID
    let host: HostFacts
    let engine: EngineConnection
    let lifelines: Lifelines

    func remove(_ reference: SandboxReference) async throws {
        let engine = try await engine.open()
        let folder = ContainerFolder(reference.id, in: host.dataDirectory)
        if let record = folder.read(), record.owner != reference.owner || record.backend != backend {
            throw foreign(reference, record.owner)
        }
        let found = try await engine.containers(labelled: [
            ContainerLabels.sandbox: reference.id.rawValue, ContainerLabels.backend: backend.rawValue,
        ])
        for container in found {
            guard let theirs = ContainerLabels.reference(container, backend: backend), theirs.id == reference.id else { continue }
            guard theirs.owner == reference.owner else { throw foreign(reference, theirs.owner) }
            try await engine.remove(container.Id)
        }
        lifelines.letGo(reference.id)
        if folder.read() != nil {
            try await folder.remove()
        } else if try folder.isLeftover {
            try await folder.sweep()
        }
        host.logger.debug("sandbox removed", metadata: ["sandbox.id": "\(reference.id)", "backend.id": "\(backend)"])
    }

    private func foreign(_ reference: SandboxReference, _ owner: OwnerLabel) -> SandboxError {
        SandboxError(
            .denied, "sandbox '\(reference.id)' belongs to \(owner), not to \(reference.owner)",
            remedy: "let the Sandlot of that data directory remove it", backend: backend)
    }
}

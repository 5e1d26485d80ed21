import SandboxProcess
import SandboxCore

/// What marks a container as ours. Listing and removing go by these alone; names are for people.
enum ContainerLabels {
    static let owner = "dev.sandlot.owner"
    static let backend = "dev.sandlot.backend"
    static let sandbox = "dev.sandlot.sandbox"
    static let session = "dev.sandlot.session"
    /// Digest of every setting that shapes the container.
    static let fingerprint = "dev.sandlot.fingerprint"
    /// The run of the host's kernel in which it was made.
    static let boot = "dev.sandlot.boot"

    /// At most 63 characters, so that it also can be a host name for others.
    static func name(of id: SandboxID) -> String {
        let plain = "sandlot-\(id)"
        if plain.utf8.count <= 63 { return plain }
        return "sandlot-\(id.rawValue.prefix(30))-\(Digest.hex(Array(id.rawValue.utf8)).prefix(20))"
    }

    static func identifying(_ id: SandboxID, owner: OwnerLabel, backend: BackendID) -> [String: String] {
        [Self.owner: owner.rawValue, Self.backend: backend.rawValue, sandbox: id.rawValue]
    }

    /// The sandbox that a listed container is, if the labels say that it is one.
    static func reference(_ container: EngineMessage.Listed, backend: BackendID) -> SandboxReference? {
        reference(container.Labels ?? [:], container: container.Id, backend: backend)
    }

    /// The same, from any engine's listing.
    static func reference(_ labels: [String: String], container: String, backend: BackendID) -> SandboxReference? {
        guard labels[Self.backend] == backend.rawValue,
            let id = labels[sandbox].flatMap({ try? SandboxID(validating: $0) }),
            let owner = labels[Self.owner].flatMap({ try? OwnerLabel(validating: $0) })
        else { return nil }
        let session = labels[Self.session].flatMap { try? SessionID(validating: $0) }
        return SandboxReference(id: id, backend: backend, owner: owner, session: session, locator: ["container": container])
    }
}

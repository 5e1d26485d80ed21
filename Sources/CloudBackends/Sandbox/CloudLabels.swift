import SandboxCore

/// What marks a sandbox at a service as ours. Listing and removing go by these alone.
enum CloudLabels {
    static let owner = "sandlot-owner"
    static let sandbox = "sandlot-sandbox"
    static let session = "sandlot-session"

    static func all(_ spec: SandboxSpec) -> [String: String] {
        var labels = [owner: spec.owner.rawValue, sandbox: spec.id.rawValue]
        labels[session] = spec.session?.rawValue
        return labels
    }

    /// The sandbox that a listed one is, if its labels say that it is one of this owner.
    static func reference(_ machine: CloudMachine, owner: OwnerLabel, backend: BackendID) -> SandboxReference? {
        guard machine.labels[Self.owner] == owner.rawValue, let id = machine.labels[sandbox].flatMap({ try? SandboxID(validating: $0) })
        else { return nil }
        let session = machine.labels[Self.session].flatMap { try? SessionID(validating: $0) }
        return SandboxReference(id: id, backend: backend, owner: owner, session: session, locator: ["machine": machine.id])
    }
}

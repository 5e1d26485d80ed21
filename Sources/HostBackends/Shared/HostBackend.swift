import SandboxCore
import SystemPackage

/// What every backend of this module is: its sandboxes are folders of the data directory with a record, a guest's socket and processes that the
/// record names. Finding and removing them is the same for all.
protocol HostBackend: SandboxBackend, RevivingBackend {
    static var id: BackendID { get }
    /// Whether the death of the guest ends every process of a sandbox (it is process 1 of a pid namespace).
    static var guestHoldsAll: Bool { get }
    var host: HostEnvironment { get }
    /// Where workspaces may lie apart from the data directory; nil for never.
    var privateDirectory: FilePath? { get }

    /// Makes a sandbox, or lets a dead one run again over its files.
    func launch(
        _ spec: SandboxSpec, _ life: Life, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox
}

extension HostBackend {
    var removal: SandboxRemoval {
        SandboxRemoval(host: host, backend: Self.id, guestHoldsAll: Self.guestHoldsAll, privateDirectory: privateDirectory)
    }

    /// Connects to a sandbox that was made earlier.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox {
        try await GuestLink(host: host, backend: Self.id, removal: removal).attach(to: reference)
    }

    /// Makes a sandbox. Nothing runs in it before `record` has returned.
    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        try await launch(spec, .first, record)
    }

    /// Ends what is left of a dead sandbox and begins again over its directories.
    public func revive(
        _ reference: SandboxReference, as spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        guard let found = try SandboxFolder(reference.id, in: host.dataDirectory).read(), found.reference.owner == reference.owner,
            found.reference.backend == Self.id
        else { throw SandboxError(.notFound, "the sandbox '\(reference.id)' is gone", remedy: "create a new one", backend: Self.id) }
        try await removal.end(found)
        return try await launch(spec, .next, record)
    }

    /// Reads the records in the data directory.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        try SandboxFolder.list(host.dataDirectory, owner: owner, backend: Self.id)
    }

    /// Ends and deletes what belongs to the reference.
    public func remove(_ reference: SandboxReference) async throws { try await removal.remove(reference) }
}

import SandboxCore
import SystemPackage

/// What every backend of this module is: its sandboxes are folders of the data directory with a record, a guest's socket and processes that the
/// record names. Finding and removing them is the same for all.
protocol HostBackend: SandboxBackend {
    static var id: BackendID { get }
    /// Whether the death of the guest ends every process of a sandbox (it is process 1 of a pid namespace).
    static var guestHoldsAll: Bool { get }
    var host: HostEnvironment { get }
    /// Where workspaces may lie apart from the data directory; nil for never.
    var privateDirectory: FilePath? { get }
}

extension HostBackend {
    var removal: SandboxRemoval {
        SandboxRemoval(host: host, backend: Self.id, guestHoldsAll: Self.guestHoldsAll, privateDirectory: privateDirectory)
    }

    /// Connects to a sandbox that was made earlier.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox {
        try await GuestLink(host: host, backend: Self.id, removal: removal).attach(to: reference)
    }

    /// Reads the records in the data directory.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        try SandboxFolder.list(host.dataDirectory, owner: owner, backend: Self.id)
    }

    /// Ends and deletes what belongs to the reference.
    public func remove(_ reference: SandboxReference) async throws { try await removal.remove(reference) }
}

/// All that is needed to find a sandbox again after a restart.
public struct SandboxReference: Sendable, Codable, Equatable {
    public var id: SandboxID
    public var backend: BackendID
    public var owner: OwnerLabel
    public var session: SessionID?
    /// Where the backend finds it: process ids with their start times, container ids, paths. Only the backend reads it.
    public var locator: [String: String]

    /// Creates a reference.
    public init(id: SandboxID, backend: BackendID, owner: OwnerLabel, session: SessionID?, locator: [String: String]) {
        self.id = id
        self.backend = backend
        self.owner = owner
        self.session = session
        self.locator = locator
    }
}

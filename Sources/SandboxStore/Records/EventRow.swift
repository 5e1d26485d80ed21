import GRDB
public import SandboxCore

/// An event; its payload is JSON.
public struct EventRow: Sendable, Equatable {
    /// Given by the database.
    public var sequence: Int64
    public var kind: String
    public var session: SessionID?
    public var exec: ExecID?
    public var at: Int64
    public var payload: String

    /// An event that has no sequence yet.
    public init(kind: String, session: SessionID?, exec: ExecID?, at: Int64, payload: String) {
        sequence = 0
        self.kind = kind
        self.session = session
        self.exec = exec
        self.at = at
        self.payload = payload
    }

    init(_ row: Row) throws {
        let session: String? = row["session"]
        let exec: String? = row["exec"]
        self.init(
            kind: row["kind"], session: try session.map(SessionID.init(validating:)), exec: try exec.map(ExecID.init(validating:)),
            at: row["at"], payload: row["payload"])
        sequence = row["sequence"]
    }
}

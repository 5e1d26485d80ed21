import GRDB
public import SandboxCore

/// A sandbox: committed before anything of it exists, deleted after nothing of it is left.
public struct SandboxRow: Sendable, Equatable {
    /// What the row stands for.
    public enum State: String, Sendable {
        /// Being made; `reference` is there as soon as something could be left behind.
        case creating
        case ready
        /// To be removed by the reaper; its key is free again.
        case doomed
    }

    public var id: SandboxID
    public var key: String
    public var backend: BackendID
    public var state: State
    /// A `SandboxReference` as JSON.
    public var reference: String?
    /// What it was made from, without secrets, as JSON.
    public var shape: String
    public var engine: String
    public var createdAt: Int64

    /// Creates a row.
    public init(
        id: SandboxID, key: String, backend: BackendID, state: State = .creating, reference: String? = nil, shape: String, engine: String,
        createdAt: Int64
    ) {
        self.id = id
        self.key = key
        self.backend = backend
        self.state = state
        self.reference = reference
        self.shape = shape
        self.engine = engine
        self.createdAt = createdAt
    }

    init(_ row: Row) throws {
        self.init(
            id: try SandboxID(validating: row["id"]), key: row["sandbox_key"], backend: try BackendID(validating: row["backend"]),
            state: try storedWord(row["state"]), reference: row["reference"], shape: row["shape"], engine: row["engine"],
            createdAt: row["created_at"])
    }
}

/// Reads a word of an enumeration; one that this version does not know is an error, never a guess.
func storedWord<Word: RawRepresentable>(_ text: String) throws -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: text) else {
        throw SandboxError(.internalError, "the database holds the unknown word '\(text)'", remedy: "was it written by a newer Sandlot?")
    }
    return word
}

import SandboxCore
import SandboxStore

extension StoreTransaction {
    /// Adds an event to this transaction: it is told if and only if the rest is committed.
    func announce(
        _ kind: EngineEvent.Kind, session: SessionID? = nil, exec: ExecID? = nil, at time: Timestamp = .now(),
        _ payload: [String: String] = [:]
    ) throws {
        try append(
            EventRow(kind: kind.rawValue, session: session, exec: exec, at: time.milliseconds, payload: try StoredText.encode(payload)))
    }
}

extension EngineEvent {
    init(_ row: EventRow) throws {
        guard let kind = Kind(rawValue: row.kind) else {
            throw SandboxError(
                .internalError, "event \(row.sequence) has the unknown kind '\(row.kind)'", remedy: "was it written by a newer Sandlot?")
        }
        self.init(
            sequence: row.sequence, kind: kind, session: row.session, exec: row.exec, at: Timestamp(milliseconds: row.at),
            payload: try StoredText.decode(row.payload))
    }
}

extension ExecOutcome {
    /// The outcome in a few words, as events tell it.
    var summary: String {
        switch self {
        case .exited(let code): "exited \(code)"
        case .signaled(let signal, _): "signaled \(signal)"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .lost: "lost"
        }
    }
}

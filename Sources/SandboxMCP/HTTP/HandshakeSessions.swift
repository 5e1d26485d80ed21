import Synchronization

/// The sessions of clients that begin with a handshake: as many as fit, the longest idle one goes first.
final class HandshakeSessions: Sendable {
    static let limit = 256
    private static let idleLimit = Duration.seconds(1800)

    private let sessions = Mutex<[String: HandshakeSession]>([:])

    /// Nil when all places are taken by sessions that work.
    func open(revision: ProtocolRevision, holder: String) -> (session: HandshakeSession, evicted: [HandshakeSession])? {
        let session = HandshakeSession(revision: revision, holder: holder)
        return sessions.withLock { sessions in
            let now = ContinuousClock.now
            let idle = sessions.values.compactMap { known in known.idleSince.map { (known, $0) } }.sorted { $0.1 < $1.1 }
            var evicted = idle.filter { now - $0.1 > Self.idleLimit }.map(\.0)
            if sessions.count - evicted.count >= Self.limit {
                guard let oldest = idle.first(where: { candidate in !evicted.contains { $0 === candidate.0 } }) else { return nil }
                evicted.append(oldest.0)
            }
            for gone in evicted { sessions[gone.id] = nil }
            sessions[session.id] = session
            return (session, evicted)
        }
    }

    /// Another holder's session does not exist for this one.
    func find(_ id: String, holder: String) -> HandshakeSession? {
        sessions.withLock { $0[id] }.flatMap { $0.holder == holder ? $0 : nil }
    }

    func remove(_ session: HandshakeSession) { sessions.withLock { _ = $0.removeValue(forKey: session.id) } }

    func removeAll() -> [HandshakeSession] {
        sessions.withLock { sessions in
            defer { sessions = [:] }
            return Array(sessions.values)
        }
    }
}

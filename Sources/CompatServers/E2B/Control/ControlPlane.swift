import Foundation
import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine
import Synchronization

/// Sandboxes of the service: made, found, prolonged, paused, ended.
final class ControlPlane: Sendable {
    let sessions: CompatSessions
    private let services: CompatServices
    private let processes: ProcessTable
    private let creating = Mutex<Set<String>>([])

    /// The service's own default and longest life.
    private static let defaultLife: Int64 = 300
    private static let longestLife: Int64 = 86_400

    init(_ services: CompatServices, processes: ProcessTable) {
        self.services = services
        self.processes = processes
        sessions = CompatSessions(services: services, service: "e2b", workspacePath: E2BServer.home)
    }

    /// Makes a sandbox; the same idempotency key never makes a second one.
    func create(_ message: SandboxMessages.Create, key: String?, for caller: CompatCaller) async throws -> SandboxMessages.Created {
        if message.autoPause == true { throw E2BFailure(501, "pausing at the end of the timeout is not served: it ends the sandbox") }
        if message.volumeMounts?.isEmpty == false { throw E2BFailure(501, "volumes are not served") }
        if message.network?.allowOut?.isEmpty == false || message.network?.denyOut?.isEmpty == false {
            throw E2BFailure(501, "rules for single addresses are not enforced here: use allow_internet_access")
        }
        guard let key else { return try await make(message, key: nil, for: caller) }
        guard (1...255).contains(key.utf8.count) else { throw E2BFailure(400, "an idempotency key has 1 to 255 characters") }
        let own = "\(caller.token)/\(key)"
        guard creating.withLock({ $0.insert(own).inserted }) else {
            throw E2BFailure(409, "idempotency_in_progress: a sandbox is being made for this key")
        }
        defer { creating.withLock { _ = $0.remove(own) } }
        let earlier = try await sessions.all(for: caller).first {
            $0.request.labels?[SandboxLabels.idempotency] == key && $0.request.labels?[CompatSessions.tokenLabel] == caller.token
        }
        if let earlier { return try await created(earlier) }
        return try await make(message, key: key, for: caller)
    }

    private func make(_ message: SandboxMessages.Create, key: String?, for caller: CompatCaller) async throws -> SandboxMessages.Created {
        var labels = [SandboxLabels.template: message.templateID]
        if let metadata = message.metadata, !metadata.isEmpty { labels[SandboxLabels.metadata] = try LabelText.write(metadata) }
        labels[SandboxLabels.idempotency] = key
        let session = try await sessions.open(
            for: caller, image: try services.choices.image(named: message.templateID), environment: message.envVars ?? [:],
            network: message.allow_internet_access == false ? NetworkPolicy.none : .open, life: try Self.life(message.timeout),
            labels: labels)
        return try await created(session)
    }

    func find(_ id: String, for caller: CompatCaller) async throws -> SessionRecord {
        do {
            return try await sessions.find(id, for: caller)
        } catch let error as SandboxError where error.code == .notFound {
            throw E2BFailure(404, error.message)
        }
    }

    /// Those in one of the states whose metadata has all these pairs.
    func list(states: Set<String>, metadata: [String: String], for caller: CompatCaller) async throws -> [SandboxMessages.Detail] {
        try await sessions.all(for: caller).map(\.sandboxDetail).filter { detail in
            states.contains(detail.state) && metadata.allSatisfy { detail.metadata[$0.key] == $0.value }
        }
    }

    func end(_ session: SessionRecord) async throws {
        try await services.engine.close(session.id, force: true)
        processes.forget(session.id)
    }

    /// The sandbox ends this many seconds from now.
    func setTimeout(_ seconds: Int64?, of session: SessionRecord) async throws {
        let life = try Self.life(seconds)
        _ = try await services.engine.update(session.id, SessionPatch(maximumLife: .after(session.life(endingAfter: life))))
    }

    /// Stops every process; memory and files stay. A paused sandbox does not end by itself.
    func pause(_ session: SessionRecord) async throws {
        guard !session.isPausedSandbox else { throw E2BFailure(409, "sandbox \(session.id) is already paused") }
        _ = try await services.engine.update(
            session.id, SessionPatch(idleTimeToLive: .never, maximumLife: .never, labels: [SandboxLabels.paused: "yes"]))
        try await signalAll(in: session.id, try ExecSignal(parsing: "STOP"))
    }

    /// Lets a paused sandbox go on, or prolongs a running one. True when it was paused.
    func connect(_ session: SessionRecord, timeout: Int64?) async throws -> (answer: SandboxMessages.Created, resumed: Bool) {
        let life = session.life(endingAfter: try Self.life(timeout))
        let end = Timestamp.now().milliseconds + (timeout ?? Self.defaultLife) * 1000
        if session.isPausedSandbox || (session.expiresAt?.milliseconds ?? .max) < end {
            _ = try await services.engine.update(
                session.id, SessionPatch(maximumLife: .after(life), labels: session.isPausedSandbox ? [SandboxLabels.paused: nil] : [:]))
        }
        if session.isPausedSandbox { try await signalAll(in: session.id, try ExecSignal(parsing: "CONT")) }
        return (try await created(session), session.isPausedSandbox)
    }

    private func signalAll(in session: SessionID, _ signal: ExecSignal) async throws {
        for record in try await services.engine.execs(in: session, includingEnded: false) {
            do {
                try await services.engine.signal(record.id, signal, wholeTree: true)
            } catch let error as SandboxError where error.code == .conflict || error.code == .notFound {
                // It has ended meanwhile.
            }
        }
    }

    private func created(_ session: SessionRecord) async throws -> SandboxMessages.Created {
        SandboxMessages.Created(
            templateID: session.template, sandboxID: session.id.rawValue, clientID: SandboxMessages.clientID,
            envdVersion: SandboxMessages.envdVersion, envdAccessToken: try await services.issue(session.id), alias: session.template)
    }

    private static func life(_ seconds: Int64?) throws -> Duration {
        let seconds = seconds ?? defaultLife
        guard (0...longestLife).contains(seconds) else { throw E2BFailure(400, "the timeout is 0 to \(longestLife) seconds") }
        return .seconds(seconds)
    }
}

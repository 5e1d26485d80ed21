import SandboxCore
import SandboxEngine
import Synchronization
import SystemPackage

/// Sandboxes of the service: made, found, stopped, started, ended.
final class DaytonaSandboxes: Sendable {
    /// Minutes; the service's own.
    static let defaultAutoStop = 15

    let sessions: CompatSessions
    let stops = DueStops()
    private let services: CompatServices
    /// Names that are being taken, each after its owner.
    private let naming = Mutex<Set<String>>([])

    init(_ services: CompatServices) {
        self.services = services
        sessions = CompatSessions(services: services, service: "daytona", workspacePath: DaytonaServer.home)
    }

    /// Makes a sandbox. A name that is taken is a conflict.
    func create(_ message: DaytonaMessages.Create, for caller: CompatCaller) async throws -> SessionRecord {
        try Self.refuseUnserved(message)
        let (image, isBuilt) = try self.image(message)
        if !isBuilt, message.cpu != nil || message.memory != nil || message.disk != nil {
            throw DaytonaFailure(400, "Cannot specify Sandbox resources when using a snapshot")
        }
        var labels = [
            DaytonaLabels.labels: try LabelText.write(message.labels ?? [:]),
            DaytonaLabels.autoStop: "\(try Self.minutes(message.autoStopInterval ?? Self.defaultAutoStop, "autoStopInterval"))",
            DaytonaLabels.autoDelete: "\(message.autoDeleteInterval ?? -1)",
        ]
        labels[DaytonaLabels.snapshot] = message.snapshot
        labels[DaytonaLabels.target] = message.target
        defer { stops.changed() }
        guard let name = message.name, !name.isEmpty else { return try await open(message, image, labels, for: caller) }
        guard name.utf8.count <= 255 else { throw DaytonaFailure(400, "a sandbox's name has at most 255 characters") }
        labels[DaytonaLabels.name] = name
        let own = "\(caller.token)/\(name)"
        guard naming.withLock({ $0.insert(own).inserted }) else { throw Self.taken(name) }
        defer { naming.withLock { _ = $0.remove(own) } }
        if try await named(name, for: caller) != nil { throw Self.taken(name) }
        return try await open(message, image, labels, for: caller)
    }

    /// By id or by name.
    func find(_ idOrName: String, for caller: CompatCaller) async throws -> SessionRecord {
        if let found = try? await sessions.find(idOrName, for: caller) { return found }
        if let found = try await named(idOrName, for: caller) { return found }
        throw DaytonaFailure(404, "Sandbox with ID or name \(idOrName.prefix(80)) not found")
    }

    func end(_ session: SessionRecord) async throws { try await services.engine.close(session.id, force: true) }

    /// Ends every process; files stay. One that is to be deleted at once when it stops is.
    func stop(_ session: SessionRecord, politely: Bool) async throws -> SessionRecord {
        var stopped = session
        if session.autoDeleteMinutes == 0 {
            try await end(session)
            stopped.state = .closed
            return stopped
        }
        guard !session.isStoppedByHand else { return session }
        // First the word, so that nothing new starts in between.
        stopped = try await services.engine.update(session.id, SessionPatch(labels: [DaytonaLabels.stopped: "yes"]))
        do {
            try await SandboxProcesses.end(in: session.id, politely: politely, services.engine)
        } catch {
            _ = try await services.engine.update(session.id, SessionPatch(labels: [DaytonaLabels.stopped: nil]))
            throw error
        }
        return stopped
    }

    func start(_ session: SessionRecord) async throws -> SessionRecord {
        guard session.isStoppedByHand else { return session }
        _ = try await services.engine.update(session.id, SessionPatch(labels: [DaytonaLabels.stopped: nil]))
        defer { stops.changed() }
        return try await services.engine.extend(session.id)
    }

    /// Stops those that nobody has used for as long as they were told. `isIdle` says whether a command of theirs is none.
    func stopIdle(isIdle: (ExecRecord) -> Bool, stopped: (SessionRecord) -> Void) async throws -> Timestamp? {
        var next: Timestamp?
        let now = Timestamp.now().milliseconds
        for session in try await sessions.all() where session.daytonaState() == .started {
            guard session.autoStopMinutes > 0, session.autoDeleteMinutes < 0 else { continue }
            let busy = try await services.engine.execs(in: session.id, includingEnded: false).contains { !isIdle($0) }
            let due = (busy ? now : session.lastUsedAt.milliseconds) + Int64(session.autoStopMinutes) * 60_000
            if due <= now {
                // One that cannot be stopped now is tried again.
                if (try? await stop(session, politely: true)) != nil { stopped(session) }
            } else {
                next = Timestamp(milliseconds: min(due, next?.milliseconds ?? .max))
            }
        }
        return next
    }

    /// Counts as a call.
    func touch(_ session: SessionRecord) async throws { _ = try await services.engine.extend(session.id) }

    func setLabels(_ labels: [String: String], of session: SessionRecord) async throws {
        try await set([DaytonaLabels.labels: try LabelText.write(labels)], of: session)
    }

    /// Minutes without a call until it stops. One that is deleted when it stops is ended by the engine.
    func setAutoStop(_ minutes: Int, of session: SessionRecord) async throws {
        defer { stops.changed() }
        let minutes = try Self.minutes(minutes, "the interval")
        _ = try await services.engine.update(
            session.id,
            SessionPatch(
                idleTimeToLive: Self.idleLife(stop: minutes, delete: session.autoDeleteMinutes),
                labels: [DaytonaLabels.autoStop: "\(minutes)"]))
    }

    func setAutoDelete(_ minutes: Int, of session: SessionRecord) async throws {
        defer { stops.changed() }
        _ = try await services.engine.update(
            session.id,
            SessionPatch(
                idleTimeToLive: Self.idleLife(stop: session.autoStopMinutes, delete: minutes),
                labels: [DaytonaLabels.autoDelete: "\(minutes)"]))
    }

    /// The sandbox ends this many minutes from now, whatever it does; 0 is never.
    func setLife(_ minutes: Int, of session: SessionRecord) async throws {
        let minutes = try Self.minutes(minutes, "the time to live")
        _ = try await services.engine.update(
            session.id,
            SessionPatch(maximumLife: minutes == 0 ? .never : .after(session.life(endingAfter: .seconds(minutes * 60)))))
    }

    private func set(_ labels: [String: String?], of session: SessionRecord) async throws {
        _ = try await services.engine.update(session.id, SessionPatch(labels: labels))
    }

    private func named(_ name: String, for caller: CompatCaller) async throws -> SessionRecord? {
        try await sessions.all(for: caller).first { $0.request.labels?[DaytonaLabels.name] == name }
    }

    private func open(
        _ message: DaytonaMessages.Create, _ image: ImageChoice, _ labels: [String: String], for caller: CompatCaller
    ) async throws -> SessionRecord {
        var limits: ResourceLimits?
        if message.cpu != nil || message.memory != nil || message.disk != nil {
            limits = ResourceLimits(
                memory: try message.memory.map { try Self.bytes($0) }, processors: message.cpu.map { Double($0) },
                disk: try message.disk.map { try Self.bytes($0) })
        }
        let stop = message.autoStopInterval ?? Self.defaultAutoStop
        let delete = message.autoDeleteInterval ?? -1
        let life = try message.ttlMinutes.map { try Self.minutes($0, "ttlMinutes") } ?? 0
        return try await sessions.open(
            for: caller, image: image, environment: message.env ?? [:],
            network: message.networkBlockAll == true ? NetworkPolicy.none : .open,
            limits: limits, idle: Self.idleLife(stop: stop, delete: delete).duration, life: life == 0 ? nil : .seconds(life * 60),
            labels: labels)
    }

    /// The image, and whether the client described it instead of naming a snapshot.
    private func image(_ message: DaytonaMessages.Create) throws -> (ImageChoice, isBuilt: Bool) {
        guard let build = message.buildInfo else { return (try services.choices.image(named: message.snapshot), false) }
        let lines = (build.dockerfileContent ?? "").split(separator: "\n").map { $0.split(separator: " ") }
            .filter { $0.first.map { !$0.hasPrefix("#") } ?? false }
        guard lines.count == 1, lines[0].count == 2, lines[0][0].uppercased() == "FROM" else {
            throw DaytonaFailure.unserved("images are not built from a Dockerfile here: name one that exists, or build it with Sandlot")
        }
        // An image's name is one; a snapshot's is the service's own word.
        return (services.choices.image(reference: String(lines[0][1])), true)
    }

    private static func refuseUnserved(_ message: DaytonaMessages.Create) throws {
        let refused: [(Bool, String)] = [
            (message.volumes?.isEmpty == false, "volumes are not served"),
            (message.secrets?.isEmpty == false, "the service's secrets are not served: pass the values with 'env'"),
            (message.linkedSandbox != nil, "linked sandboxes are not served"), (message.kvm == true, "KVM is not passed in"),
            ((message.gpu ?? 0) > 0, "graphics processors are not served"),
            (message.networkAllowList?.isEmpty == false, "rules for single addresses are not enforced here: use networkBlockAll"),
            (message.domainAllowList?.isEmpty == false, "rules for single names are not enforced here: use networkBlockAll"),
            (message.outboundProxyUrl?.isEmpty == false, "outbound proxies are not served"),
            ((message.autoPauseInterval ?? 0) > 0, "pausing is not served"),
        ]
        if let (_, reason) = refused.first(where: { $0.0 }) { throw DaytonaFailure.unserved(reason) }
        if let user = message.user, user != DaytonaServer.user {
            throw DaytonaFailure(400, "there is no user '\(user.prefix(80))' here: commands run as '\(DaytonaServer.user)'")
        }
    }

    private static func idleLife(stop: Int, delete: Int) -> SessionPatch.TimeToLive {
        guard stop > 0, delete >= 0 else { return .never }
        return .after(.seconds((stop + delete) * 60))
    }

    private static func minutes(_ value: Int, _ what: String) throws -> Int {
        guard (0...5_256_000).contains(value) else { throw DaytonaFailure(400, "\(what) is 0 or more minutes, up to ten years") }
        return value
    }

    private static func bytes(_ gibibytes: Int) throws -> UInt64 {
        guard (1...65_536).contains(gibibytes) else { throw DaytonaFailure(400, "memory and disk are 1 to 65536 GiB") }
        return UInt64(gibibytes) << 30
    }

    private static func taken(_ name: String) -> DaytonaFailure {
        DaytonaFailure(409, "Sandbox with name \(name) already exists")
    }
}

extension SessionPatch.TimeToLive {
    fileprivate var duration: Duration? { if case .after(let duration) = self { duration } else { nil } }
}

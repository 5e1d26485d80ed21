import SandboxCore
import SandboxEngine
import Synchronization
import SystemPackage

/// Sandboxes of the service: made, found, stopped, resumed, prolonged, ended.
final class VercelSandboxes: Sendable {
    /// Milliseconds; the service's own.
    static let defaultTimeout: Int64 = 300_000
    private static let longestTimeout: Int64 = 86_400_000
    private static let mostEnded = 1000

    let stops = DueStops()
    private let sessions: CompatSessions
    private let services: CompatServices
    /// Names that are being taken, each after its owner.
    private let naming = Mutex<Set<String>>([])
    /// Those that were stopped and not to be kept, until they are deleted: by owner and name, oldest first.
    private let ended = Mutex<[(owner: String, record: VercelRecord)]>([])

    init(_ services: CompatServices) {
        self.services = services
        sessions = CompatSessions(services: services, service: "vercel", workspacePath: VercelServer.home)
    }

    /// Makes a sandbox with its first session. A name that is taken is a conflict.
    func create(_ message: VercelMessages.Create, for caller: CompatCaller) async throws -> VercelRecord {
        try Self.refuseUnserved(message)
        let now = Timestamp.now().milliseconds
        let timeout = try Self.timeout(message.timeout)
        var labels = [
            VercelLabels.tags: try LabelText.write(message.tags ?? [:]), VercelLabels.timeout: "\(timeout)", VercelLabels.started: "\(now)",
        ]
        labels[VercelLabels.project] = message.projectId
        labels[VercelLabels.image] = message.image
        labels[VercelLabels.region] = message.region
        let isPersistent = message.persistent ?? true
        if isPersistent {
            labels[VercelLabels.persistent] = "yes"
            labels[VercelLabels.ends] = "\(now + timeout)"
        }
        defer { stops.changed() }
        let limits = try message.resources.map { try Self.limits($0) }
        func open() async throws -> VercelRecord {
            VercelRecord(
                record: try await sessions.open(
                    for: caller, image: try services.choices.image(named: message.image), environment: message.env ?? [:],
                    network: message.networkPolicy?.mode == "deny-all" ? NetworkPolicy.none : .open, limits: limits,
                    life: isPersistent ? nil : .milliseconds(timeout), labels: labels))
        }
        guard let name = message.name, !name.isEmpty else { return try await open() }
        guard name.utf8.count <= 255 else { throw VercelFailure(400, "bad_request", "a sandbox's name has at most 255 characters") }
        labels[VercelLabels.name] = name
        let own = Self.key(name, message.projectId, caller)
        let taken = VercelFailure(409, "conflict", "a sandbox named '\(name)' exists already")
        guard naming.withLock({ $0.insert(own).inserted }) else { throw taken }
        defer { naming.withLock { _ = $0.remove(own) } }
        if (try? await find(name, project: message.projectId, for: caller)) != nil { throw taken }
        return try await open()
    }

    func find(_ name: String, project: String?, for caller: CompatCaller) async throws -> VercelRecord {
        if let found = try await all(project: project, for: caller).first(where: { $0.name == name }) { return found }
        throw VercelFailure(404, "not_found", "there is no sandbox '\(name.prefix(80))'")
    }

    /// Oldest first.
    func all(project: String?, for caller: CompatCaller) async throws -> [VercelRecord] {
        let kept = try await sessions.all(for: caller).map { VercelRecord(record: $0) }
        let over = ended.withLock { $0.filter { $0.owner == caller.token }.map(\.record) }
        return (over + kept).filter { project == nil || $0.project == nil || $0.project == project }
    }

    /// By the id of one of its sessions. A session that is over is told as such.
    func running(_ sessionID: String, for caller: CompatCaller) async throws -> VercelRecord {
        let found = try await session(sessionID, for: caller)
        guard found.status == "running" else { throw VercelFailure.stopped }
        return found
    }

    /// A session, over or not.
    func session(_ sessionID: String, for caller: CompatCaller) async throws -> VercelRecord {
        let missing = VercelFailure(404, "not_found", "there is no session '\(sessionID.prefix(80))'")
        guard let (id, run) = VercelRecord.parse(sessionID) else { throw missing }
        if let over = ended.withLock({ $0.first { $0.owner == caller.token && $0.record.id.rawValue == id }?.record }) { return over }
        guard let record = try? await sessions.find(id, for: caller) else { throw missing }
        var found = VercelRecord(record: record)
        guard run >= 1, run <= found.run else { throw missing }
        // An earlier session of a sandbox that runs again.
        if run < found.run { found.isEnded = true }
        return found
    }

    /// Ends every process. Files stay where the sandbox is to be kept, and go with it where not.
    func stop(_ sandbox: VercelRecord, for caller: CompatCaller) async throws -> VercelRecord {
        guard sandbox.status == "running" else { return sandbox }
        let now = Timestamp.now().milliseconds
        guard sandbox.isPersistent else {
            try await services.engine.close(sandbox.id, force: true)
            var over = sandbox
            over.isEnded = true
            over.record.request.labels?[VercelLabels.stopped] = "\(now)"
            ended.withLock { [over] ended in
                if ended.count >= Self.mostEnded { ended.removeFirst() }
                ended.append((caller.token, over))
            }
            return over
        }
        let stopped = try await services.engine.update(
            sandbox.id, SessionPatch(labels: [VercelLabels.stopped: "\(now)", VercelLabels.ends: nil]))
        do {
            try await SandboxProcesses.end(in: sandbox.id, politely: true, services.engine)
        } catch {
            _ = try await services.engine.update(
                sandbox.id, SessionPatch(labels: [VercelLabels.stopped: nil, VercelLabels.ends: "\(now)"]))
            throw error
        }
        return VercelRecord(record: stopped)
    }

    /// Begins a new session of a sandbox that was stopped.
    func resume(_ sandbox: VercelRecord) async throws -> VercelRecord {
        guard sandbox.status == "stopped" else { return sandbox }
        guard !sandbox.isEnded else {
            throw VercelFailure(410, "snapshot_not_found", "Cannot resume sandbox: no snapshot available.")
        }
        let now = Timestamp.now().milliseconds
        let resumed = try await services.engine.update(
            sandbox.id,
            SessionPatch(labels: [
                VercelLabels.stopped: nil, VercelLabels.run: "\(sandbox.run + 1)", VercelLabels.started: "\(now)",
                VercelLabels.ends: "\(now + sandbox.timeout)",
            ]))
        stops.changed()
        return VercelRecord(record: resumed)
    }

    func delete(_ sandbox: VercelRecord, for caller: CompatCaller) async throws {
        if sandbox.isEnded {
            ended.withLock { $0.removeAll { $0.owner == caller.token && $0.record.id == sandbox.id } }
        } else {
            try await services.engine.close(sandbox.id, force: true)
        }
    }

    func update(_ sandbox: VercelRecord, _ message: VercelMessages.Update) async throws -> VercelRecord {
        if message.ports?.isEmpty == false || message.resources != nil || message.networkId != nil || message.mounts?.isEmpty == false
            || message.currentSnapshotId != nil
        {
            throw VercelFailure.unserved("only the timeout, tags, environment and persistence of a sandbox can be changed here")
        }
        try Self.refuseNetworkChange(message.networkPolicy, of: sandbox)
        guard !sandbox.isEnded else { throw VercelFailure.stopped }
        var patch = SessionPatch(environment: message.env.map { $0.merging(["HOME": VercelServer.home.string]) { mine, _ in mine } })
        if let timeout = message.timeout {
            let timeout = try Self.timeout(timeout)
            patch.labels[VercelLabels.timeout] = "\(timeout)"
            if sandbox.stoppedAt == nil { Self.end(sandbox, at: sandbox.session.startedAt + timeout, &patch) }
        }
        if let tags = message.tags { patch.labels[VercelLabels.tags] = try LabelText.write(tags) }
        if let persistent = message.persistent, persistent != sandbox.isPersistent {
            throw VercelFailure.unserved("whether a sandbox is kept is settled when it is made")
        }
        defer { stops.changed() }
        return VercelRecord(record: try await services.engine.update(sandbox.id, patch))
    }

    /// Its session lasts this many milliseconds longer.
    func extend(_ sandbox: VercelRecord, by milliseconds: Int64?) async throws -> VercelRecord {
        guard let milliseconds, (1000...Self.longestTimeout).contains(milliseconds) else {
            throw VercelFailure(400, "bad_request", "the duration is 1000 to \(Self.longestTimeout) ms")
        }
        let now = Timestamp.now().milliseconds
        let end = max(now, sandbox.endsAt ?? now) + milliseconds
        var patch = SessionPatch()
        Self.end(sandbox, at: end, &patch)
        defer { stops.changed() }
        return VercelRecord(record: try await services.engine.update(sandbox.id, patch))
    }

    /// Stops those that are kept and whose time is over; the others are closed by the engine.
    func stopDue() async throws -> Timestamp? {
        var next: Timestamp?
        let now = Timestamp.now().milliseconds
        for sandbox in try await sessions.all().map({ VercelRecord(record: $0) }) where sandbox.isPersistent {
            guard let end = sandbox.endsAt else { continue }
            if end <= now {
                // One that cannot be stopped now is tried again.
                _ = try? await stop(sandbox, for: CompatCaller(token: "", isAdministrator: true))
            } else {
                next = Timestamp(milliseconds: min(end, next?.milliseconds ?? .max))
            }
        }
        return next
    }

    private static func end(_ sandbox: VercelRecord, at time: Int64, _ patch: inout SessionPatch) {
        if sandbox.isPersistent {
            patch.labels[VercelLabels.ends] = "\(time)"
        } else {
            let left = Duration.milliseconds(max(0, time - Timestamp.now().milliseconds))
            patch.maximumLife = .after(sandbox.record.life(endingAfter: left))
        }
    }

    static func refuseNetworkChange(_ wanted: VercelMessages.Network?, of sandbox: VercelRecord) throws {
        guard let wanted, wanted.mode != sandbox.sandbox.networkPolicy.mode else { return }
        throw VercelFailure.unserved("a sandbox's network is settled when it is made")
    }

    private static func refuseUnserved(_ message: VercelMessages.Create) throws {
        let refused: [(Bool, String)] = [
            (message.source != nil, "sandboxes are made from images: sources and snapshots are not served"),
            (message.ports?.isEmpty == false, "ports are not published by this server"),
            (message.networkId != nil, "private networks are not served"), (message.mounts?.isEmpty == false, "drives are not served"),
            (message.runtime != nil, "runtimes are not served: name an image"),
            (
                message.networkPolicy.map { $0.mode != "allow-all" && $0.mode != "deny-all" } ?? false,
                "rules for single names are not enforced here: use allow-all or deny-all"
            ),
        ]
        if let (_, reason) = refused.first(where: { $0.0 }) { throw VercelFailure.unserved(reason) }
    }

    private static func timeout(_ milliseconds: Int64?) throws -> Int64 {
        let timeout = milliseconds ?? defaultTimeout
        guard (1000...longestTimeout).contains(timeout) else {
            throw VercelFailure(400, "bad_request", "the timeout is 1000 to \(longestTimeout) ms")
        }
        return timeout
    }

    private static func limits(_ resources: VercelMessages.Resources) throws -> ResourceLimits {
        guard (1...1024).contains(resources.vcpus ?? 1), (1...4_194_304).contains(resources.memory ?? 1) else {
            throw VercelFailure(400, "bad_request", "the resources are out of bounds")
        }
        // The service gives 2 GiB with every processor.
        let memory = resources.memory ?? resources.vcpus.map { $0 * 2048 }
        return ResourceLimits(memory: memory.map { UInt64($0) << 20 }, processors: resources.vcpus.map { Double($0) })
    }

    private static func key(_ name: String, _ project: String?, _ caller: CompatCaller) -> String {
        "\(caller.token)/\(project ?? "")/\(name)"
    }
}

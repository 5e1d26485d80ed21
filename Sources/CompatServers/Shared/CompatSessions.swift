import SandboxCore
import SandboxEngine
import Synchronization
import SystemPackage

/// The sessions of one compatible server, found by their labels.
struct CompatSessions: Sendable {
    /// The label that says which server a session came through.
    static let serviceLabel = "compat.service"
    /// The label that says which access token made it.
    static let tokenLabel = "compat.token"

    let services: CompatServices
    let service: String
    /// Where the service's users expect their files.
    let workspacePath: FilePath
    private let opening = OpeningCount()

    init(services: CompatServices, service: String, workspacePath: FilePath) {
        self.services = services
        self.service = service
        self.workspacePath = workspacePath
    }

    /// Opens a session of this caller.
    func open(
        for caller: CompatCaller, image: ImageChoice, environment: [String: String], network: NetworkPolicy?, limits: ResourceLimits? = nil,
        idle: Duration? = nil, life: Duration?, labels: [String: String]
    ) async throws -> SessionRecord {
        guard caller.session == nil else {
            throw SandboxError(.denied, "this key opens one session and makes no others", remedy: "use a key that is bound to none")
        }
        var own = labels
        own[Self.serviceLabel] = service
        own[Self.tokenLabel] = caller.token
        var variables = environment
        variables["HOME"] = variables["HOME"] ?? workspacePath.string
        let count = opening.enter()
        defer { opening.leave() }
        // Those that are opened just now are in the count.
        let living = try await all().count { $0.state != .opening }
        guard living + count <= services.choices.mostSandboxes else {
            throw SandboxError(
                .limitExceeded, "\(living) sandboxes live here, and \(services.choices.mostSandboxes) may",
                remedy: "end some, or raise --compat-sandboxes")
        }
        return try await services.engine.open(
            SessionRequest(
                sandbox: true, backend: services.choices.backend, image: image, workspacePath: workspacePath, environment: variables,
                limits: limits, network: network, idleTimeToLive: idle, maximumLife: life, labels: own))
    }

    /// A session that this caller may use. What belongs to others is not told from what does not exist.
    func find(_ id: String, for caller: CompatCaller) async throws -> SessionRecord {
        guard let record = await existing(id), isVisible(record, to: caller) else {
            throw SandboxError(.notFound, "sandbox \"\(id.prefix(80))\" was not found")
        }
        return record
    }

    /// A session that is not over, whoever asks. Ids are random: nobody finds one by asking.
    func existing(_ id: String) async -> SessionRecord? {
        guard let valid = try? SessionID(validating: id), let record = try? await services.engine.session(valid.rawValue),
            record.id == valid, record.state != .closed, record.state != .closing
        else { return nil }
        return record
    }

    /// The sessions that this caller may see, oldest first.
    func all(for caller: CompatCaller) async throws -> [SessionRecord] { try await all().filter { isVisible($0, to: caller) } }

    /// The sessions of all callers, oldest first.
    func all() async throws -> [SessionRecord] {
        try await services.engine.sessions().filter {
            $0.request.labels?[Self.serviceLabel] == service && $0.state != .closed && $0.state != .closing
        }
    }

    /// Whether this caller may use a session.
    func isVisible(_ record: SessionRecord, to caller: CompatCaller) -> Bool {
        guard record.request.labels?[Self.serviceLabel] == service else { return false }
        if let only = caller.session { return only == record.id }
        return caller.isAdministrator || record.request.labels?[Self.tokenLabel] == caller.token
    }
}

/// Sandboxes that are on their way.
private final class OpeningCount: Sendable {
    private let count = Mutex(0)

    func enter() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}

extension SessionRecord {
    /// Its maximum life, counted anew from now.
    func life(endingAfter duration: Duration, now: Timestamp = .now()) -> Duration {
        .milliseconds(max(0, now.milliseconds - createdAt.milliseconds)) + duration
    }
}

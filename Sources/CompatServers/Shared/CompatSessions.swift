import SandboxCore
import SandboxEngine
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

    /// Opens a session of this caller.
    func open(
        for caller: CompatCaller, image: ImageChoice, environment: [String: String], network: NetworkPolicy?, limits: ResourceLimits? = nil,
        life: Duration?, labels: [String: String]
    ) async throws -> SessionRecord {
        guard caller.session == nil else {
            throw SandboxError(.denied, "this key opens one session and makes no others", remedy: "use a key that is bound to none")
        }
        var own = labels
        own[Self.serviceLabel] = service
        own[Self.tokenLabel] = caller.token
        var variables = environment
        variables["HOME"] = variables["HOME"] ?? workspacePath.string
        return try await services.engine.open(
            SessionRequest(
                sandbox: true, backend: services.choices.backend, image: image, workspacePath: workspacePath, environment: variables,
                limits: limits, network: network, maximumLife: life, labels: own))
    }

    /// A session that this caller may use. What belongs to others is not told from what does not exist.
    func find(_ id: String, for caller: CompatCaller) async throws -> SessionRecord {
        let missing = SandboxError(.notFound, "sandbox \"\(id.prefix(80))\" was not found")
        guard let valid = try? SessionID(validating: id), let record = try? await services.engine.session(valid.rawValue),
            record.id == valid, isVisible(record, to: caller), record.state != .closed
        else { throw missing }
        return record
    }

    /// Whether there is such a sandbox, whoever asks. Ids are random: nobody finds one by asking.
    func exists(_ id: String) async -> Bool {
        guard let valid = try? SessionID(validating: id), let record = try? await services.engine.session(valid.rawValue) else {
            return false
        }
        return record.id == valid && record.state != .closed && record.state != .closing
    }

    /// The sessions that this caller may see, oldest first.
    func all(for caller: CompatCaller) async throws -> [SessionRecord] {
        try await services.engine.sessions().filter { isVisible($0, to: caller) && $0.state != .closed && $0.state != .closing }
    }

    private func isVisible(_ record: SessionRecord, to caller: CompatCaller) -> Bool {
        guard record.request.labels?[Self.serviceLabel] == service else { return false }
        if let only = caller.session { return only == record.id }
        return caller.isAdministrator || record.request.labels?[Self.tokenLabel] == caller.token
    }
}

extension SessionRecord {
    /// Its maximum life, counted anew from now.
    func life(endingAfter duration: Duration, now: Timestamp = .now()) -> Duration {
        .milliseconds(max(0, now.milliseconds - createdAt.milliseconds)) + duration
    }
}

import Foundation
import SandboxCore
import SandboxStore
import SystemPackage

/// Values as the text that the store keeps.
enum StoredText {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw SandboxError(
                .internalError, "a stored \(type) cannot be read", remedy: "was it written by another version of Sandlot?", cause: error)
        }
    }
}

/// What sessions that share a sandbox must agree on; the part of its specification that holds no secret.
struct SandboxShape: Codable, Equatable, Sendable {
    var image: ImageChoice
    var workspace: WorkspaceChoice
    var workspacePath: FilePath?
    var home: HomePersistence
    var mounts: [Mount]
    var limits: ResourceLimits
    var network: NetworkPolicy
    var timeZone: String?
    var hostname: String?
    var packages: [String]?

    init(_ plan: SessionPlan) {
        image = plan.image
        workspace = plan.workspace
        workspacePath = plan.workspacePath
        home = plan.home
        mounts = plan.mounts
        limits = plan.limits
        network = plan.network
        timeZone = plan.timeZone
        hostname = plan.hostname
        packages = plan.packages
    }
}

extension SessionRecord {
    /// Reads a row. Running execs keep a session from expiring for idleness.
    init(_ row: SessionRow, isBusy: Bool) throws {
        guard let scope = SessionScope(rawValue: row.scope), let state = SessionState(rawValue: row.state) else {
            throw SandboxError(
                .internalError, "session \(row.id) has an unknown scope or state", remedy: "was it written by a newer Sandlot?")
        }
        self.init(
            id: row.id, name: row.name, scope: scope, state: state, backend: row.backend, sandbox: row.sandbox,
            request: try StoredText.decode(row.plan), decision: try StoredText.decode(row.decision),
            createdAt: Timestamp(milliseconds: row.createdAt), lastUsedAt: Timestamp(milliseconds: row.lastUsedAt),
            expiresAt: Lease(row).expiry(isBusy: isBusy), closedAt: row.closedAt.map(Timestamp.init(milliseconds:)), failure: row.failure,
            mayRetry: row.mayRetry, revision: row.revision)
    }
}

public import SandboxAPI
public import SandboxEngine
import SandboxHTTP
public import SandboxWorkspace

extension RemoteSession {
    /// Brings changes of a synced workspace to a side: with `sandbox` a push, with `host` a pull. A dry run only tells what would be done.
    public func bringChanges(to side: WorkspaceSide, dryRun: Bool = false) async throws -> SyncReportBody {
        var call = call(side == .sandbox ? .pushWorkspace : .pullWorkspace, wait: .work)
        if dryRun { call.add("dryRun", true) }
        return try await client.send(call)
    }

    /// What a pull (`changes`) and a push (`pending`) would do.
    public func compareWorkspace() async throws -> SyncReportBody { try await client.send(call(.diffWorkspace, wait: .work)) }

    /// How a synced workspace stands. Throws `unsupported` where it is none.
    public func workspaceStatus() async throws -> WorkspaceStatusBody { try await client.send(call(.workspaceStatus)) }

    /// What both sides changed and nobody settled, by path; also of a closed session.
    public func conflicts() async throws -> [ConflictBody] { try await client.send(call(.listConflicts), as: ConflictList.self).conflicts }

    /// One conflict by its id. Throws `notFound`.
    public func conflict(_ id: String) async throws -> ConflictBody { try await client.send(call(.getConflict, conflict: id)) }

    /// The bytes of a version of a conflict, at most 16 MiB. Throws `notFound` where it is no file or was not kept.
    public func content(of conflict: String, _ version: ConflictVersion) async throws -> [UInt8] {
        var call = call(.conflictContent, conflict: conflict)
        call.add("version", version.rawValue)
        return try await client.send(call).body
    }

    /// Settles a conflict. Throws `conflict` when the host's version is not any more the one that it is about.
    public func settle(_ conflict: String, _ settlement: ConflictSettlement) async throws {
        _ = try await client.send(call(.settleConflict, conflict: conflict, ["settlement": settlement.rawValue]))
    }

    private func call(_ route: APIRoute, conflict: String, _ more: [String: String] = [:]) -> APICall {
        APICall(route, ["session": id, "conflict": conflict].merging(more) { $1 }, wait: .work)
    }
}

public import SandboxAPI
import SandboxCore
public import SandboxEngine
import SandboxHTTP
public import SandboxWorkspace

extension RemoteSession {
    /// Brings changes of a synced workspace to a side: with `sandbox` a push, with `host` a pull. A dry run only tells what would be done.
    public func bringChanges(
        to side: WorkspaceSide, dryRun: Bool = false, progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) async throws -> SyncReportBody {
        var call = call(side == .sandbox ? .pushWorkspace : .pullWorkspace)
        if dryRun { call.add("dryRun", true) }
        call.add("stream", true)
        let lines = LineStream<SyncEvent>(try await client.open(call).body)
        while let event = try await lines.next() {
            switch event {
            case .progress(let told): progress(told)
            case .ended(let report): return report
            case .other(.notice(let notice)):
                throw SandboxError(.unavailable, notice.message, remedy: "ask again: what was not carried over is by then")
            case .other(.failure(let failure)): throw failure.asError
            case .other: continue
            }
        }
        // It may be done or not; another push or pull finds out, and does what is left.
        throw SandboxError(.unavailable, "the server broke its stream off", remedy: "ask again: what was not carried over is by then")
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

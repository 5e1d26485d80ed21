import Logging
import SandboxCore
import SandboxStore
import SandboxWorkspace
import SystemPackage

extension Engine {
    private func snapshotPlace(_ key: String) -> FilePath { workspacePlace(key).appending("opened") }

    /// Notes how a mounted workspace is before anything runs in it. A session that ends with its command is never asked what it changed.
    func noteMounted(_ row: SessionRow, _ plan: SessionPlan) async {
        guard case .mounted(let directory, readOnly: false) = plan.workspace, !plan.endsWithCreator else { return }
        do {
            try await MountedSnapshot.take(of: directory).write(snapshotPlace(row.sandboxKey))
        } catch {
            forgetMounted(row)
            logger.info("what a mounted workspace held is not noted", metadata: ["session.id": "\(row.id)", "error": "\(error)"])
        }
    }

    /// What is different in a mounted workspace since the session began.
    func compareMounted(_ row: SessionRow, _ directory: FilePath) async throws -> SyncReport {
        _ = try await prepare(row.id)
        guard let snapshot = try MountedSnapshot.read(snapshotPlace(row.sandboxKey)) else {
            throw SandboxError(
                .unsupported, "what the workspace of session \(row.id) held at its start is not known",
                remedy: "mount it for writing and with fewer than 200000 files, or work on a copy (--sync or --review)")
        }
        return try await snapshot.compare(directory)
    }

    func forgetMounted(_ row: SessionRow) { MountedSnapshot.forget(snapshotPlace(row.sandboxKey)) }
}

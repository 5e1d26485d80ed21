import Foundation
public import SandboxCore
import SandboxStore
import SystemPackage

extension Engine {
    /// How far the output of an exec reaches on disk: one past the last byte of each stream that was kept.
    public func outputExtent(of id: ExecID) -> OutputOffsets {
        let reader = SpoolReader(spool)
        return OutputOffsets(
            standardOutput: reader.extent(id, .standardOutput).end, standardError: reader.extent(id, .standardError).end)
    }

    /// Forgets an exec that is over, with its output. Its id stays used: it never runs again. Throws `conflict` for one that is not over,
    /// `notFound` for one that is not known (any more).
    public func forget(_ id: ExecID) async throws {
        try await store.write { transaction in
            guard try transaction.exec(id) != nil else {
                throw SandboxError(.notFound, "there is no exec '\(id)'", remedy: "list the execs")
            }
            guard try transaction.forget(id) else {
                throw SandboxError(.conflict, "exec \(id) is not over", remedy: "wait for it, or cancel it")
            }
        }
        try? FileManager.default.removeItem(atPath: spool.directory(id).string)
    }
}

import GRDB
import Logging
import Synchronization

/// Commits whatever waits in one transaction, so that many small writes at once cost one commit.
final class StoreWriter: Sendable {
    /// One write. `run` returns what is done after the commit; `fail` is called instead when there was none.
    struct Job: Sendable {
        var run: @Sendable (Database) throws -> @Sendable () -> Void
        var fail: (@Sendable (any Error) -> Void)?
    }

    private struct State {
        var waiting: [Job] = []
        var isDraining = false
    }

    /// So that no job waits behind an unbounded transaction.
    private static let batchLimit = 256

    private let state = Mutex(State())
    private let pool: DatabasePool
    private let commits: ChangeSignal
    private let logger: Logger

    init(pool: DatabasePool, commits: ChangeSignal, logger: Logger) {
        self.pool = pool
        self.commits = commits
        self.logger = logger
    }

    func submit(_ job: Job) {
        let starts = state.withLock { state in
            state.waiting.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if starts { pool.asyncWriteWithoutTransaction { self.drain($0) } }
    }

    private func drain(_ database: Database) {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.batchLimit))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isDraining = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            commit(batch, in: database)
            commits.notify()
        }
    }

    private func commit(_ batch: [Job], in database: Database) {
        var succeeded: [(Job, @Sendable () -> Void)] = []
        var failed: [(Job, any Error)] = []
        do {
            try database.inTransaction(.immediate) {
                for job in batch {
                    do {
                        try database.inSavepoint {
                            succeeded.append((job, try job.run(database)))
                            return .commit
                        }
                    } catch {
                        failed.append((job, error))
                    }
                }
                return .commit
            }
        } catch {
            failed += succeeded.map { ($0.0, error) }
            let known = failed.count
            failed += batch.dropFirst(known).map { ($0, error) }
            succeeded = []
        }
        for (_, done) in succeeded { done() }
        for (job, error) in failed {
            if let fail = job.fail {
                fail(error)
            } else {
                logger.error("a queued write failed", metadata: ["error": "\(error)"])
            }
        }
    }
}

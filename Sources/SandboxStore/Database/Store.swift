public import Logging
public import SandboxCore
public import SystemPackage

import GRDB

/// What must outlive the process: sessions, sandboxes, execs and events in `sandlot.db`.
///
/// SQLite in WAL mode with `synchronous=NORMAL`: a commit survives the death of the process at any point (`kill -9`); a loss of power can take
/// back the last commits but does not damage the file. Nothing here holds environment values or other secrets.
public final class Store: Sendable {
    /// Whose sandboxes these are: made when the database is.
    public let owner: OwnerLabel
    /// Notified after every commit of this process.
    public let commits: ChangeSignal
    /// The database file; its `-wal` neighbour changes with every commit of any process.
    public let path: FilePath

    private let pool: DatabasePool
    private let writer: StoreWriter

    /// Opens the database in a directory, making both where they are missing: the directory with mode 0700, the file with 0600.
    ///
    /// Throws `unavailable` for a damaged file and `unsupported` for one of a newer version; neither is touched.
    public init(directory: FilePath, logger: Logger) throws {
        try DataDirectory.make(directory)
        path = directory.appending("sandlot.db")
        let file = path
        let opening = try FileLock.waiting(at: directory.appending("sandlot.lock"))
        defer { opening.unlock() }
        do {
            try DataDirectory.makeFile(file)
            pool = try DatabasePool(path: file.string, configuration: Self.configuration)
            owner = try Self.migrate(pool)
        } catch {
            throw StoreFailure.opening(file, error)
        }
        commits = ChangeSignal()
        writer = StoreWriter(pool: pool, commits: commits, logger: logger)
    }

    /// Runs a transaction. Transactions that wait at the same time are committed together; one that throws leaves no trace.
    public func write<T: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            writer.submit(
                StoreWriter.Job(
                    run: { database in
                        let value = try body(StoreTransaction(database: database))
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: StoreFailure.using($0)) }))
        }
    }

    /// Puts a transaction in the queue, before every one that is submitted later, and does not wait for it.
    public func enqueue(_ body: @escaping @Sendable (StoreTransaction) throws -> Void) {
        writer.submit(
            StoreWriter.Job(
                run: { database in
                    try body(StoreTransaction(database: database))
                    return {}
                }, fail: nil))
    }

    /// Reads a consistent state.
    ///
    /// The read runs on the calling thread: a look at a few rows in the page cache is over before another thread would have woken up for it,
    /// and readers wait for nobody but each other.
    public func read<T: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> T) async throws -> T {
        try Task.checkCancellation()
        return try readNow(body)
    }

    private func readNow<T>(_ body: (StoreTransaction) throws -> T) throws -> T {
        do {
            return try pool.read { try body(StoreTransaction(database: $0)) }
        } catch {
            throw StoreFailure.using(error)
        }
    }

    /// Waits for everything that was submitted, then closes the file.
    public func close() async {
        _ = try? await write { _ in }
        try? pool.close()
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "sandlot"
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        return configuration
    }

    private static func migrate(_ pool: DatabasePool) throws -> OwnerLabel {
        let migrator = StoreMigrations.migrator
        if try pool.read(migrator.hasBeenSuperseded) { throw StoreFailure.newer }
        try migrator.migrate(pool)
        return try pool.write { database in
            if let text = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'owner'") {
                return try OwnerLabel(validating: text)
            }
            let owner = OwnerLabel.random()
            try database.execute(sql: "INSERT INTO meta (key, value) VALUES ('owner', ?)", arguments: [owner.rawValue])
            return owner
        }
    }
}

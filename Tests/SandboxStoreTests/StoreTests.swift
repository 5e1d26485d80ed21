import Foundation
import GRDB
import Logging
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxStore

/// A directory of its own that is gone after the test.
final class Scratch: Sendable {
    let path: FilePath
    init() {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-store-\(UUID().uuidString)").path)
    }
    deinit { try? FileManager.default.removeItem(atPath: path.string) }
    func store() throws -> Store { try Store(directory: path, logger: Logger(label: "test")) }
}

func sessionRow(_ id: SessionID = .random(), name: String? = nil) -> SessionRow {
    SessionRow(
        id: id, name: name, scope: "session", sandboxKey: id.rawValue, state: "opening", backend: BackendID(unchecked: "fake"), plan: "{}",
        decision: "{}", engine: "eng-1", endsWithEngine: false, createdAt: 1, lastUsedAt: 1, idleMilliseconds: nil, lifeMilliseconds: 5)
}

@Suite("The store")
struct StoreTests {
    @Test func `the directory and the database are private`() throws {
        let scratch = Scratch()
        let store = try scratch.store()
        func mode(_ path: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        #expect(try mode(scratch.path.string) == 0o700)
        for name in ["sandlot.db", "sandlot.db-wal", "sandlot.db-shm"] {
            #expect(try mode(scratch.path.appending(name).string) == 0o600)
        }
        withExtendedLifetime(store) {}
    }

    @Test func `the owner label is made once`() throws {
        let scratch = Scratch()
        #expect(try scratch.store().owner == scratch.store().owner)
    }

    @Test(arguments: StoreMigrations.migrator.migrations)
    func `a database of every released version opens and keeps its owner`(version: String) async throws {
        let scratch = Scratch()
        try DataDirectory.make(scratch.path)
        do {
            let old = try DatabaseQueue(path: scratch.path.appending("sandlot.db").string)
            try StoreMigrations.migrator.migrate(old, upTo: version)
            try await old.write { try $0.execute(sql: "INSERT INTO meta VALUES ('owner', 'keep-me')") }
            try old.close()
        }
        let store = try scratch.store()
        #expect(store.owner.rawValue == "keep-me")
        #expect(try await store.read { try $0.sessions(includingClosed: true) }.isEmpty)
    }

    @Test func `the schema of a released migration has not changed`() async throws {
        let queue = try DatabaseQueue()
        try StoreMigrations.migrator.migrate(queue, upTo: "0001-sessions")
        let schema = try await queue.read {
            try String.fetchAll($0, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").joined(separator: "\n")
        }
        // FNV-1a: a change here means that databases of users would differ from those of new installations. Add a migration instead.
        let hash = schema.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        #expect(hash == 7_359_927_850_855_884_212)
    }

    @Test func `a database of a newer version is refused and left alone`() async throws {
        let scratch = Scratch()
        _ = try scratch.store()
        let path = scratch.path.appending("sandlot.db").string
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999-future')") }
            try queue.close()
        }
        let error = #expect(throws: SandboxError.self) { try scratch.store() }
        #expect(error?.code == .unsupported)
    }

    @Test func `a damaged database is named with a remedy and not deleted`() throws {
        let scratch = Scratch()
        try DataDirectory.make(scratch.path)
        let path = scratch.path.appending("sandlot.db").string
        let junk = Data(repeating: 0x41, count: 8192)
        try junk.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: SandboxError.self) { try scratch.store() }
        #expect(error?.code == .unavailable)
        #expect(error?.remedy?.contains("nothing was deleted") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == junk)
    }

    @Test func `a change that was overtaken is a conflict`() async throws {
        let store = try Scratch().store()
        let row = sessionRow()
        try await store.write { try $0.insert(row) }
        try await store.write { transaction in _ = try transaction.update(row) }
        let error = await #expect(throws: SandboxError.self) { try await store.write { transaction in _ = try transaction.update(row) } }
        #expect(error?.code == .conflict)
        #expect(try await store.read { try $0.session(row.id) }?.revision == 2)
    }

    @Test func `a name belongs to one open session`() async throws {
        let store = try Scratch().store()
        let first = sessionRow(name: "web")
        try await store.write { try $0.insert(first) }
        let error = await #expect(throws: SandboxError.self) { try await store.write { try $0.insert(sessionRow(name: "web")) } }
        #expect(error?.code == .alreadyExists)
        try await store.write { transaction in
            var closed = first
            closed.state = "closed"
            try transaction.update(closed)
            try transaction.insert(sessionRow(name: "web"))
        }
        #expect(try await store.read { try $0.session(named: "web") }?.id != first.id)
    }

    @Test func `of transactions that are committed together the one that throws leaves no trace`() async throws {
        let store = try Scratch().store()
        let rows = (0..<200).map { _ in sessionRow() }
        let failures = await withTaskGroup(of: Bool.self) { group in
            for (index, row) in rows.enumerated() {
                group.addTask {
                    do {
                        try await store.write { transaction in
                            try transaction.insert(row)
                            if index % 3 == 0 { throw SandboxError(.denied, "no") }
                        }
                        return false
                    } catch { return true }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 67)
        let kept = try await store.read { try $0.sessions(includingClosed: true) }
        #expect(Set(kept.map(\.id)) == Set(rows.enumerated().filter { $0.offset % 3 != 0 }.map(\.element.id)))
    }

    @Test func `an exec comes back as it was stored, however it ended`() async throws {
        let store = try Scratch().store()
        let outcomes: [ExecOutcome] = [
            .exited(code: -1), .exited(code: 255), .signaled(.kill, coreDumped: true), .timedOut, .cancelled, .lost(reason: "gone"),
        ]
        for outcome in outcomes {
            let row = ExecRow(
                id: .random(), session: .random(), sandbox: .random(), engine: "e", command: .arguments(["sh", "", "a b\n"]),
                directory: "x",
                user: nil, hasTerminal: true, startedAt: 3)
            let ending = ExecEnding(
                outcome: outcome, offsets: OutputOffsets(standardOutput: 7, standardError: 9), survivors: 2, duration: .milliseconds(1500),
                processorTime: nil, peakMemory: 4096, memoryKills: 2)
            try await store.write { transaction in
                try transaction.insert(row)
                #expect(try transaction.end(row.id, ending, dropped: OutputOffsets(standardOutput: 1), at: 8))
                #expect(try !transaction.end(row.id, ending, dropped: .zero, at: 9))
            }
            let stored = try #require(try await store.read { try $0.exec(row.id) })
            #expect(stored.ending == ending)
            #expect(stored.command == row.command)
            #expect(stored.dropped.standardOutput == 1)
            #expect(stored.endedAt == 8)
        }
    }

    @Test func `an exec id is accepted once`() async throws {
        let store = try Scratch().store()
        let row = ExecRow(
            id: .random(), session: .random(), sandbox: .random(), engine: "e", command: .shell("true"), directory: nil, user: nil,
            hasTerminal: false, startedAt: 3)
        try await store.write { try $0.insert(row) }
        let error = await #expect(throws: SandboxError.self) { try await store.write { try $0.insert(row) } }
        #expect(error?.code == .alreadyExists)
    }

    @Test func `a base is kept as a whole and what changed since, and moves to the new tables of an old database`() async throws {
        let scratch = Scratch()
        try DataDirectory.make(scratch.path)
        let sandbox = SandboxID.random()
        do {
            let old = try DatabaseQueue(path: scratch.path.appending("sandlot.db").string)
            try StoreMigrations.migrator.migrate(old, upTo: "0006-images")
            try await old.write {
                try $0.execute(sql: "INSERT INTO workspaces VALUES (?, 'key', '/d', x'0102', 1, 2, NULL)", arguments: [sandbox.rawValue])
            }
            try old.close()
        }
        let store = try scratch.store()
        #expect(try await store.read { try $0.workspace(sandbox) }?.pulledAt == 2)
        #expect(try await store.read { try $0.base(of: sandbox) } == WorkspaceBase(whole: [1, 2]))
        try await store.write { try $0.setBaseChanges([3], of: sandbox) }
        try await store.write { try $0.setBaseChanges([4], of: sandbox) }
        #expect(try await store.read { try $0.base(of: sandbox) } == WorkspaceBase(whole: [1, 2], changes: [4]))
        try await store.write { try $0.setBase([5], of: sandbox) }
        #expect(try await store.read { try $0.base(of: sandbox) } == WorkspaceBase(whole: [5]))
        let unknown = await #expect(throws: SandboxError.self) { try await store.write { try $0.setBase([6], of: .random()) } }
        #expect(unknown?.code == .conflict)
    }

    @Test func `a lock is held by one at a time and given back with its holder`() throws {
        let scratch = Scratch()
        try DataDirectory.make(scratch.path)
        let path = scratch.path.appending("lock")
        let first = try #require(try FileLock.trying(at: path))
        #expect(try FileLock.trying(at: path) == nil)
        first.unlock()
        #expect(try FileLock.trying(at: path) != nil)
    }

    @Test func `a signal that came before the wait is not missed, and a cancelled wait ends`() async {
        let signal = ChangeSignal()
        let seen = signal.generation
        signal.notify()
        await signal.wait(past: seen)
        let waiting = Task { await signal.wait(past: signal.generation) }
        waiting.cancel()
        await waiting.value
    }
}

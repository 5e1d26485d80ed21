import Foundation
import GRDB
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxStore

/// Databases as earlier versions made them, in the words of those versions: not by today's migrations, which could have been changed.
@Suite("An older database is taken over", .timeLimit(.minutes(1)))
struct UpgradeTests {
    struct Release: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What this version added to the one before.
        let sql: String
    }

    @Test("its sessions, commands and events are there, and it looks as a new one does", arguments: releases.indices)
    func takesOver(_ last: Int) async throws {
        let scratch = Scratch()
        try DataDirectory.make(scratch.path)
        try await make(Self.releases[...last], at: scratch.path.appending("sandlot.db"))
        let store = try scratch.store()
        #expect(store.owner.rawValue == "kept-owner")
        let sessions = try await store.read { try $0.sessions(includingClosed: true) }
        #expect(sessions.map(\.name) == ["kept"])
        #expect(sessions.first?.lifeMilliseconds == 5000)
        await store.close()

        let fresh = Scratch()
        await (try fresh.store()).close()
        #expect(try await Self.schema(scratch.path) == Self.schema(fresh.path))
        let counts = try await Self.query(scratch.path) { database in
            try ["execs", "events"].map { try Int.fetchOne(database, sql: "SELECT count(*) FROM \($0)") ?? 0 }
        }
        #expect(counts == [1, 1])
        withExtendedLifetime((scratch, fresh)) {}
    }

    @Test("every version that was released has its fixture")
    func allVersions() {
        #expect(Self.releases.map(\.testDescription) == StoreMigrations.migrator.migrations)
    }

    // MARK: Making one

    private func make(_ releases: ArraySlice<Release>, at path: FilePath) async throws {
        let database = try DatabaseQueue(path: path.string)
        try await database.write { database in
            try database.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            for release in releases {
                try database.execute(sql: release.sql)
                try database.execute(sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: [release.testDescription])
            }
            try database.execute(sql: Self.rows)
        }
        try database.close()
    }

    private static func query<T: Sendable>(_ directory: FilePath, _ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        let database = try DatabaseQueue(path: directory.appending("sandlot.db").string)
        return try await database.read(body)
    }

    /// Tables with their columns, and indexes; in an order of their own, because an added column stands at the end.
    private static func schema(_ directory: FilePath) async throws -> [String] {
        try await query(directory) { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT m.type || ' ' || m.name || ' ' || coalesce(c.name || ' ' || c.type || ' ' || c."notnull", '') AS line
                    FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c
                    WHERE m.name NOT LIKE 'sqlite_%' AND m.name <> 'grdb_migrations' ORDER BY line
                    """)
        }
    }

    private static let rows = """
        INSERT INTO meta VALUES ('owner', 'kept-owner');
        INSERT INTO sessions (
            id, name, scope, sandbox_key, state, backend, plan, decision, engine, ends_with_engine, created_at, last_used_at,
            life_milliseconds, revision)
        VALUES ('ses-kept', 'kept', 'session', 'ses-kept', 'ready', 'bubblewrap', '{}', '{}', 'eng-1', 0, 1, 2, 5000, 3);
        INSERT INTO execs (id, session, sandbox, engine, command, is_shell, terminal, state, outcome, code, started_at, ended_at)
        VALUES ('exe-kept', 'ses-kept', 'sbx-1', 'eng-1', '["true"]', 0, 0, 'ended', 'exited', 0, 1, 2);
        INSERT INTO events (kind, session, at, payload) VALUES ('session.opened', 'ses-kept', 1, '{}');
        """

    // MARK: What was released

    static let releases: [Release] = [
        Release(
            testDescription: "0001-sessions",
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE engines (
                    id TEXT PRIMARY KEY, process INTEGER NOT NULL, process_started INTEGER NOT NULL, boot TEXT NOT NULL,
                    started_at INTEGER NOT NULL, heartbeat INTEGER NOT NULL);
                CREATE TABLE sessions (
                    id TEXT PRIMARY KEY, name TEXT, scope TEXT NOT NULL, sandbox_key TEXT NOT NULL, state TEXT NOT NULL,
                    backend TEXT NOT NULL, sandbox TEXT, plan TEXT NOT NULL, decision TEXT NOT NULL, engine TEXT NOT NULL,
                    ends_with_engine INTEGER NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
                    idle_milliseconds INTEGER, life_milliseconds INTEGER, closed_at INTEGER, failure TEXT, revision INTEGER NOT NULL);
                CREATE UNIQUE INDEX sessions_by_name ON sessions (name) WHERE state <> 'closed';
                CREATE INDEX sessions_by_state ON sessions (state);
                CREATE TABLE sandboxes (
                    id TEXT PRIMARY KEY, sandbox_key TEXT NOT NULL, backend TEXT NOT NULL, state TEXT NOT NULL, reference TEXT,
                    shape TEXT NOT NULL, engine TEXT NOT NULL, created_at INTEGER NOT NULL);
                CREATE UNIQUE INDEX sandboxes_by_key ON sandboxes (sandbox_key) WHERE state <> 'doomed';
                CREATE TABLE execs (
                    id TEXT PRIMARY KEY, session TEXT NOT NULL, sandbox TEXT NOT NULL, engine TEXT NOT NULL, command TEXT NOT NULL,
                    is_shell INTEGER NOT NULL, directory TEXT, user TEXT, terminal INTEGER NOT NULL, state TEXT NOT NULL, process INTEGER,
                    outcome TEXT, code INTEGER, core INTEGER, reason TEXT, stdout INTEGER NOT NULL DEFAULT 0, stderr INTEGER NOT NULL DEFAULT 0,
                    dropped_stdout INTEGER NOT NULL DEFAULT 0, dropped_stderr INTEGER NOT NULL DEFAULT 0, survivors INTEGER NOT NULL DEFAULT 0,
                    duration INTEGER, processor INTEGER, memory INTEGER, failure TEXT, refusal INTEGER, started_at INTEGER NOT NULL,
                    ended_at INTEGER);
                CREATE INDEX execs_by_session ON execs (session, started_at);
                CREATE INDEX execs_alive ON execs (state) WHERE state IN ('starting', 'running');
                CREATE TABLE events (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, session TEXT, exec TEXT, at INTEGER NOT NULL,
                    payload TEXT NOT NULL);
                CREATE INDEX events_by_session ON events (session, sequence);
                """),
        Release(
            testDescription: "0002-access",
            sql: """
                CREATE TABLE access_tokens (
                    id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, scopes TEXT NOT NULL, session TEXT,
                    created_at INTEGER NOT NULL, expires_at INTEGER, last_used_at INTEGER) WITHOUT ROWID;
                CREATE TABLE login_codes (
                    id TEXT PRIMARY KEY, digest TEXT NOT NULL, scopes TEXT NOT NULL, maker TEXT, created_at INTEGER NOT NULL,
                    expires_at INTEGER NOT NULL, life_milliseconds INTEGER NOT NULL) WITHOUT ROWID;
                """),
        Release(testDescription: "0003-memory-kills", sql: "ALTER TABLE execs ADD COLUMN memory_kills INTEGER"),
        Release(testDescription: "0004-session-retry", sql: "ALTER TABLE sessions ADD COLUMN may_retry INTEGER NOT NULL DEFAULT 0"),
        Release(
            testDescription: "0005-workspaces",
            sql: """
                CREATE TABLE workspaces (
                    sandbox TEXT PRIMARY KEY, sandbox_key TEXT NOT NULL, directory TEXT NOT NULL, base BLOB NOT NULL, pushed_at INTEGER,
                    pulled_at INTEGER, failure TEXT) WITHOUT ROWID;
                """),
        Release(
            testDescription: "0006-images",
            sql: """
                CREATE TABLE image_specs (name TEXT PRIMARY KEY, spec TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE image_defaults (backend TEXT PRIMARY KEY, image TEXT NOT NULL, set_at INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE image_uses (
                    backend TEXT NOT NULL, reference TEXT NOT NULL, built_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
                    PRIMARY KEY (backend, reference)) WITHOUT ROWID;
                """),
        Release(
            testDescription: "0007-workspace-bases",
            sql: """
                CREATE TABLE workspace_bases (sandbox TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (sandbox, part));
                INSERT INTO workspace_bases SELECT sandbox, 0, base FROM workspaces;
                ALTER TABLE workspaces DROP COLUMN base;
                """),
    ]
}

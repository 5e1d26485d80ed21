import GRDB

/// The versions of the schema. A released migration is never changed; a change is a new one at the end.
enum StoreMigrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001-sessions", migrate: sessions)
        migrator.registerMigration("0002-access", migrate: access)
        migrator.registerMigration("0003-memory-kills") { try $0.execute(sql: "ALTER TABLE execs ADD COLUMN memory_kills INTEGER") }
        migrator.registerMigration("0004-session-retry") { database in
            try database.execute(sql: "ALTER TABLE sessions ADD COLUMN may_retry INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("0005-workspaces", migrate: workspaces)
        migrator.registerMigration("0006-images", migrate: images)
        migrator.registerMigration("0007-workspace-bases", migrate: workspaceBases)
        return migrator
    }

    private static func images(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE image_specs (name TEXT PRIMARY KEY, spec TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE image_defaults (backend TEXT PRIMARY KEY, image TEXT NOT NULL, set_at INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE image_uses (
                    backend TEXT NOT NULL, reference TEXT NOT NULL, built_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
                    PRIMARY KEY (backend, reference)) WITHOUT ROWID;
                """)
    }

    private static func sessions(_ database: Database) throws {
        try database.execute(
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
                """)
    }

    private static func access(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE access_tokens (
                    id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, scopes TEXT NOT NULL, session TEXT,
                    created_at INTEGER NOT NULL, expires_at INTEGER, last_used_at INTEGER) WITHOUT ROWID;
                CREATE TABLE login_codes (
                    id TEXT PRIMARY KEY, digest TEXT NOT NULL, scopes TEXT NOT NULL, maker TEXT, created_at INTEGER NOT NULL,
                    expires_at INTEGER NOT NULL, life_milliseconds INTEGER NOT NULL) WITHOUT ROWID;
                """)
    }

    private static func workspaces(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE workspaces (
                    sandbox TEXT PRIMARY KEY, sandbox_key TEXT NOT NULL, directory TEXT NOT NULL, base BLOB NOT NULL, pushed_at INTEGER,
                    pulled_at INTEGER, failure TEXT) WITHOUT ROWID;
                """)
    }

    private static func workspaceBases(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE workspace_bases (sandbox TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (sandbox, part));
                INSERT INTO workspace_bases SELECT sandbox, 0, base FROM workspaces;
                ALTER TABLE workspaces DROP COLUMN base;
                """)
    }
}

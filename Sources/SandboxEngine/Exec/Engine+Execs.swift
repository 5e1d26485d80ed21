public import SandboxCore
import SandboxStore
import SystemPackage

extension Engine {
    /// An exec as it is recorded. Throws `notFound`.
    public func exec(_ id: ExecID) async throws -> ExecRecord { try ExecRecord(await execRow(id)) }

    /// The execs of a session, oldest first; nil for all.
    public func execs(in session: SessionID?, includingEnded: Bool = true) async throws -> [ExecRecord] {
        try await store.read { try $0.execs(in: session, includingEnded: includingEnded).map(ExecRecord.init) }
    }

    /// Waits for an exec to be over, whichever engine follows it.
    public func wait(for id: ExecID) async throws -> ExecRecord {
        var isWatched = false
        while true {
            let generation = store.commits.generation
            let record = try await exec(id)
            if record.isOver { return record }
            if let live = try await adopted(id) {
                await Self.untilOver(live)
            } else {
                // What came before the watch began would not be told: look once more.
                if isWatched { try await foreignChange(past: generation) }
                watch.watch(walPath)
                isWatched = true
            }
            try Task.checkCancellation()
        }
    }

    /// Control of an exec, and its output from these offsets on as the spool has it, then its end; without offsets there are no events.
    public func attach(to id: ExecID, from offsets: OutputOffsets? = nil) async throws -> EngineExec {
        let row = try await execRow(id)
        let live = try await adopted(id)
        let reader = offsets.map { SpoolEvents(self, id, from: $0, live: live) }
        return EngineExec(
            id: id, processID: row.process, events: ExecEvents { try await reader?.next() },
            control: { try await self.control(of: id) }, release: { reader?.close() })
    }

    /// Signals a running exec, or every process that descends from it.
    public func signal(_ id: ExecID, _ signal: ExecSignal, wholeTree: Bool = false) async throws {
        let row = try await execRow(id)
        guard row.endedAt == nil else { throw Self.over(id) }
        try await prepare(row.session).signal(id, signal, wholeTree: wholeTree)
    }

    /// SIGTERM, grace, SIGKILL to the tree of a running exec. Does nothing when it is over.
    public func cancel(_ id: ExecID) async throws {
        if let live = execs[id] { return try await live.cancel() }
        guard try await execRow(id).endedAt == nil else { return }
        if let live = try await adopted(id) { return try await live.cancel() }
        let running = try await control(of: id)
        try await running.cancel()
        await running.detach()
    }

    /// The files of a session's sandbox; prepares it.
    public func files(in session: SessionID) async throws -> any SandboxFileSystem {
        var sandbox = try await prepare(session)
        do {
            let known = sandbox
            _ = try await withDeadline(configuration.backendTimeout, "an answer of the sandbox") { try await known.execs() }
        } catch let error as SandboxError where error.code == .unavailable {
            // The channel broke while nobody used it: a new one may do.
            sandboxes.drop(sandbox.reference.id)
            sandbox = try await prepare(session)
        }
        store.enqueue { try $0.touch(session, at: Timestamp.now().milliseconds) }
        return sandbox.files
    }

    /// The means to control an exec. One that a living engine follows elsewhere is attached to behind its last output, so nothing is read twice.
    private func control(of id: ExecID) async throws -> any RunningExec {
        if let live = try await adopted(id) { return live.running }
        let row = try await execRow(id)
        guard row.endedAt == nil else { throw Self.over(id) }
        let sandbox = try await prepare(row.session)
        guard let snapshot = try await sandbox.execs().first(where: { $0.id == id }) else {
            throw SandboxError(.notFound, "the sandbox does not know exec \(id)", remedy: "it may just have ended: look at it again")
        }
        return try await sandbox.attach(to: id, from: snapshot.end)
    }

    func execRow(_ id: ExecID) async throws -> ExecRow {
        guard let row = try await store.read({ try $0.exec(id) }) else {
            throw SandboxError(.notFound, "there is no exec '\(id)'", remedy: "list the execs")
        }
        return row
    }

    /// Waits for a commit of any process. Where files cannot be watched (no inotify instances left), that is a look four times a second.
    func foreignChange(past generation: UInt64) async throws {
        if watch.watch(walPath) {
            await store.commits.wait(past: generation)
        } else {
            try await Task.sleep(for: .milliseconds(250))
        }
        try Task.checkCancellation()
    }

    var walPath: FilePath { FilePath(store.path.string + "-wal") }

    private static func over(_ id: ExecID) -> SandboxError {
        SandboxError(.conflict, "exec \(id) is over", remedy: "start another one")
    }
}

extension ExecRecord {
    init(_ row: ExecRow) throws {
        guard let state = ExecState(rawValue: row.state) else {
            throw SandboxError(
                .internalError, "exec \(row.id) has the unknown state '\(row.state)'", remedy: "was it written by a newer Sandlot?")
        }
        self.init(
            id: row.id, session: row.session, sandbox: row.sandbox, command: row.command,
            workingDirectory: row.directory.map { FilePath($0) }, user: row.user, hasTerminal: row.hasTerminal, state: state,
            processID: row.process, ending: row.ending, dropped: row.dropped, failure: row.failure, refusalStatus: row.refusalStatus,
            startedAt: Timestamp(milliseconds: row.startedAt), endedAt: row.endedAt.map(Timestamp.init(milliseconds:)))
    }
}

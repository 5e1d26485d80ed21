import Foundation
import SandboxAPI
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxHTTP
import SandboxWorkspace
import SystemPackage

/// A directory of this machine that is kept in step with a session on a server.
///
/// The server has a session with a private workspace and knows nothing of the directory. What both sides agreed on last, and the conflicts, are kept
/// on this machine; content crosses over through the session's files.
struct DirectoryAtServer: Sendable {
    /// What is written down of it.
    struct Note: Codable {
        /// Whoever answers at another address must not get what is meant for this one.
        var server: String
        var workspace: WorkspaceBody
        var pushedAt: Int64?
        var pulledAt: Int64?
    }

    private let session: RemoteSession
    private let sync: WorkspaceSync
    private let place: FilePath
    private var note: Note

    /// What is kept for a session of a server; nil where it has no directory here.
    init?(_ session: RemoteSession, of client: SandlotClient, below data: FilePath) throws {
        place = Self.place(session.id, client, data)
        guard let bytes = FileManager.default.contents(atPath: Self.noteFile(place)) else { return nil }
        note = try APICoding.decode(Note.self, from: Array(bytes))
        guard note.server == client.endpoint.description, case .synced(let sync) = note.workspace else { return nil }
        self.sync = sync
        self.session = session
    }

    /// Begins to keep a directory in step.
    init(_ session: RemoteSession, of client: SandlotClient, below data: FilePath, _ sync: WorkspaceSync) throws {
        place = Self.place(session.id, client, data)
        note = Note(server: client.endpoint.description, workspace: .synced(sync))
        self.sync = sync
        self.session = session
        try FileManager.default.createDirectory(
            atPath: place.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try write()
    }

    /// As this machine sees it; the server sees a private one.
    var workspace: WorkspaceBody { note.workspace }

    /// Brings changes to a side, or only tells what would be brought.
    mutating func bringChanges(
        to side: WorkspaceSide, dryRun: Bool, progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReportBody {
        let folder = try await folder()
        if dryRun {
            var report = try await folder.compare()
            if side == .sandbox { swap(&report.changes, &report.pending) }
            return try SyncReportBody(report, dryRun: true)
        }
        let report = side == .sandbox ? try await folder.push(progress: progress) : try await folder.pull(progress: progress)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        if side == .sandbox { note.pushedAt = now } else { note.pulledAt = now }
        try write()
        return try SyncReportBody(report, dryRun: false)
    }

    func status() throws -> WorkspaceStatusBody {
        WorkspaceStatusBody(pushedAt: note.pushedAt, pulledAt: note.pulledAt, openConflicts: try kept.all().count)
    }

    func conflicts() throws -> [ConflictBody] { try kept.all().map { try ConflictBody($0) } }

    func content(of conflict: String, _ version: ConflictVersion) throws -> [UInt8]? {
        try kept.content(of: kept.conflict(conflict), version, in: sync.directory)
    }

    func settle(_ conflict: String, _ settlement: ConflictSettlement) async throws {
        let one = try kept.conflict(conflict)
        // The session may be closed: its files are not needed for this.
        let folder = WorkspaceFolder(sync, files: session.files, root: "/", place: place)
        switch settlement {
        case .takeHost: try await folder.takeHost(one)
        case .takeSandbox: try await folder.takeSandbox(one)
        case .merge: try await folder.merge(one)
        }
    }

    /// Brings everything out before the session ends. Throws when anything would be lost; then nothing is closed.
    mutating func bringOut(force: Bool) async throws {
        guard sync.direction != .push else { return }
        if sync.needsReview {
            let waiting = try await folder().compare().changes.count
            guard waiting == 0 else {
                throw SandboxError(
                    .conflict, "\(waiting) changes of the workspace of session \(session.id) wait for review",
                    remedy: "look at them with `session diff`, take them with `session pull`, or throw them away with --discard")
            }
            return
        }
        if force {
            for try await exec in session.execs(onlyRunning: true) { try await session.signal(exec.id, .kill, wholeTree: true) }
        }
        var missed: SyncReportBody.Refusal?
        // What is edited at this very moment is taken up by the next round, as a conflict if it is one.
        for _ in 0..<4 {
            missed = try await bringChanges(to: .host, dryRun: false) { _ in }.missed.first
            guard missed != nil else { return }
        }
        if let missed, !missed.reason.hasPrefix("something that is not synced") {
            throw SandboxError(
                .conflict, "\(missed.path.path) could not be brought out: \(missed.reason)",
                remedy: "put right what is in its way and close again, or close with --discard")
        }
    }

    /// Forgets it all but conflicts that nobody settled.
    func forget() throws {
        if try kept.all().isEmpty { try FileManager.default.removeItem(atPath: place.string) }
    }

    private var kept: ConflictStore { ConflictStore(place.appending("conflicts")) }

    /// Where the workspace is inside is asked each time: a session that moved to another backend may have it elsewhere.
    private func folder() async throws -> WorkspaceFolder {
        let inside = try await session.prepare().workspacePath.path
        return WorkspaceFolder(sync, files: session.files, root: inside, place: place)
    }

    private func write() throws {
        try Data(APICoding.encode(note)).write(to: URL(fileURLWithPath: Self.noteFile(place)), options: .atomic)
    }

    private static func noteFile(_ place: FilePath) -> String { place.appending("note.json").string }

    /// Names of folders are made of what cannot lead elsewhere; the note says which server it is.
    private static func place(_ session: String, _ client: SandlotClient, _ data: FilePath) -> FilePath {
        func plain(_ text: String) -> String {
            String(text.unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? Character($0) : "-" })
        }
        return data.appending("servers").appending(plain(client.endpoint.description)).appending(plain(session))
    }
}

import Foundation
import Logging
import SandboxCore
import SandboxHTTP

/// Vercel's API: a named sandbox owns a session, and the session is what runs.
///
/// A machine's id here is `NAME/SESSION`: by name a stopped sandbox would be started again, and paid for.
struct VercelService: CloudService {
    let settings: VercelSettings
    private let calls: CloudCalls
    private let secret: @Sendable (String) async throws -> String?
    private let archives = UploadArchives()

    private static let startDeadline = Duration.seconds(180)
    private static let startPause = Duration.milliseconds(500)
    private static let mostPages = 200
    /// What tags may hold: owner, sandbox, session and one more.
    private static let gone: Set<String> = ["stopped", "failed", "aborted", "stopping"]

    init(settings: VercelSettings, logger: Logger, secret: @escaping @Sendable (String) async throws -> String?) throws {
        self.settings = settings
        self.secret = secret
        let address = try settings.address()
        let client = try CloudClients(logger: logger).client(of: address)
        calls = CloudCalls(
            backend: VercelBackend.id, client: client, prefix: address.prefix,
            headers: {
                let credentials = try await VercelCredentials(settings: settings, secret: secret)
                return [("Authorization", "Bearer \(credentials.token)")]
            },
            explains: { refusal in
                // Only the connection to the sandbox broke; it may live.
                guard refusal.status == 410, refusal.code == "sandbox_stream_closed" else { return nil }
                return SandboxError(
                    .unavailable, "the service lost its connection to the sandbox", remedy: "try again", backend: VercelBackend.id)
            })
    }

    func check() async throws -> [String: String] {
        let credentials = try await credentials()
        _ = try await page([("limit", "1")], credentials)
        return [
            "address": "\(try settings.address())", "team": credentials.team, "project": credentials.project,
            "image": settings.image ?? settings.runtime ?? "the service's default",
        ]
    }

    func create(_ order: CloudOrder) async throws -> CloudMachine {
        let credentials = try await credentials()
        let body = VercelMessage.Create(
            name: order.key, projectId: credentials.project, image: settings.image, runtime: settings.runtime, region: settings.region,
            timeout: order.life.components.seconds * 1000,
            networkPolicy: .init(mode: order.network == .none ? "deny-all" : "allow-all"), tags: order.labels)
        var call = try CloudJSON.call(.post, settings.runtime == nil ? "/v3/sandboxes" : "/v2/sandboxes", body, deadline: .seconds(90))
        call.query = [("teamId", credentials.team)]
        let made: VercelMessage.Whole
        do {
            made = try CloudJSON.decode(try await calls.send(call, .always))
        } catch let error as SandboxError where [.conflict, .invalidArgument].contains(error.code) {
            // The name is this order's alone: an earlier call of ours may have been done, and its answer lost.
            guard let earlier = try await look(order.key, credentials) else { throw error }
            made = earlier
        }
        let ready = try await started(made, credentials)
        return try Self.machine(ready, end: Date().addingTimeInterval(Double(order.life.components.seconds)))
    }

    func find(_ id: String) async throws -> CloudMachine? {
        let (name, session) = try Self.parts(id)
        let credentials = try await credentials()
        guard let found = try await look(name, credentials) else { return nil }
        // Another session of the same name is another machine, without our guest.
        var machine = try Self.machine(found, end: nil)
        if found.session?.id ?? found.sandbox.currentSessionId != session { machine.isRunning = false }
        machine.id = id
        return machine
    }

    func list(_ labels: [String: String]) async throws -> [CloudMachine] {
        let credentials = try await credentials()
        var machines: [CloudMachine] = []
        var cursor: String?
        for _ in 0..<Self.mostPages {
            var query = labels.sorted { $0.key < $1.key }.map { ("tags", "\($0.key):\($0.value)") } + [("limit", "50")]
            if let cursor { query.append(("cursor", cursor)) }
            let found = try await page(query, credentials)
            machines += try found.sandboxes.map { try Self.machine(VercelMessage.Whole(sandbox: $0, session: nil), end: nil) }
            guard let next = found.pagination?.next?.text, !next.isEmpty, !found.sandboxes.isEmpty else { return machines }
            cursor = next
        }
        throw SandboxError(
            .limitExceeded, "the service lists more sandboxes than can be", remedy: "see its dashboard", backend: VercelBackend.id)
    }

    /// The service adds to what is left, so only the difference is asked for.
    func extend(_ id: String, life: Duration) async throws -> Date? {
        let (_, session) = try Self.parts(id)
        let credentials = try await credentials()
        let now = Date()
        let current: VercelMessage.SessionAnswer = try CloudJSON.decode(
            try await calls.send(HTTPCall(.get, Self.path(session), query: [("teamId", credentials.team)]), .always))
        if Self.gone.contains(current.session.status ?? "") { throw Self.isGone }
        let wanted = now.addingTimeInterval(Double(life.components.seconds))
        guard let end = Self.end(of: current.session) else { return nil }
        let missing = Int64(wanted.timeIntervalSince(end) * 1000)
        // The least that the service takes.
        guard missing >= 1000 else { return end }
        var call = try CloudJSON.call(.post, "\(Self.path(session))/extend-timeout", VercelMessage.Duration(duration: missing))
        call.query = [("teamId", credentials.team)]
        // Twice would add twice.
        let answer: VercelMessage.SessionAnswer = try CloudJSON.decode(try await calls.send(call, .onlyWhenRefused))
        return Self.end(of: answer.session) ?? wanted
    }

    /// Stops it, so that nothing is paid for, and removes its record.
    func destroy(_ id: String) async throws {
        let (name, session) = try Self.parts(id)
        let credentials = try await credentials()
        func quietly(_ call: HTTPCall) async throws {
            do { _ = try await calls.send(call, .always) } catch let error as SandboxError where error.code == .notFound {
                // Gone is what was wanted.
            }
        }
        if !session.isEmpty {
            var stop = try CloudJSON.call(.post, "\(Self.path(session))/stop", VercelMessage.Nothing(), deadline: .seconds(90))
            stop.query = [("teamId", credentials.team)]
            try await quietly(stop)
        }
        try await quietly(
            HTTPCall(
                .delete, "/v2/sandboxes/\(HTTPText.segment(name))",
                query: [("teamId", credentials.team), ("projectId", credentials.project), ("deleteOrphanSnapshots", "true")],
                deadline: .seconds(90)))
    }

    func enter(_ id: String, life: Duration) async throws -> any CloudDoor {
        let (_, session) = try Self.parts(id)
        let credentials = try await credentials()
        let answer: VercelMessage.SessionAnswer = try CloudJSON.decode(
            try await calls.send(HTTPCall(.get, Self.path(session), query: [("teamId", credentials.team)]), .always))
        guard answer.session.status ?? "running" == "running" else { throw Self.isGone }
        return VercelDoor(calls: calls, session: Self.path(session), team: credentials.team, archives: archives)
    }

    private func credentials() async throws -> VercelCredentials { try await VercelCredentials(settings: settings, secret: secret) }

    private func page(_ query: [(String, String)], _ credentials: VercelCredentials) async throws -> VercelMessage.Page {
        let all = [("teamId", credentials.team), ("project", credentials.project)] + query
        return try CloudJSON.decode(
            try await calls.send(HTTPCall(.get, "/v2/sandboxes", query: all.map { (name: $0.0, value: $0.1) }), .always))
    }

    /// Never starts it again.
    private func look(_ name: String, _ credentials: VercelCredentials) async throws -> VercelMessage.Whole? {
        let call = HTTPCall(
            .get, "/v2/sandboxes/\(HTTPText.segment(name))",
            query: [("teamId", credentials.team), ("projectId", credentials.project), ("resume", "false")])
        do {
            return try CloudJSON.decode(try await calls.send(call, .always))
        } catch let error as SandboxError where error.code == .notFound {
            return nil
        }
    }

    /// Waits until it runs; the service has no other way to tell than being asked.
    private func started(_ made: VercelMessage.Whole, _ credentials: VercelCredentials) async throws -> VercelMessage.Whole {
        let deadline = ContinuousClock.now + Self.startDeadline
        var current = made
        while true {
            let status = current.session?.status ?? current.sandbox.status ?? "running"
            if status == "running" { return current }
            guard !Self.gone.contains(status) else {
                throw SandboxError(
                    .unavailable, "the sandbox did not start: it is '\(status.prefix(40))'", remedy: "try again", backend: VercelBackend.id)
            }
            guard ContinuousClock.now < deadline else {
                throw SandboxError(
                    .timeout, "the sandbox is '\(status.prefix(40))' after \(Self.startDeadline)", remedy: "try again",
                    backend: VercelBackend.id)
            }
            try await Task.sleep(for: Self.startPause)
            guard let next = try await look(made.sandbox.name, credentials) else { throw Self.isGone }
            current = next
        }
    }

    private static let isGone = SandboxError(
        .notFound, "the service's sandbox does not run any more", remedy: "create a new one", backend: VercelBackend.id)

    private static func path(_ session: String) -> String { "/v2/sandboxes/sessions/\(HTTPText.segment(session))" }

    private static func parts(_ id: String) throws -> (name: String, session: String) {
        guard let slash = id.firstIndex(of: "/") else {
            throw SandboxError(.invalidArgument, "'\(id.prefix(80))' names no sandbox of Vercel", backend: VercelBackend.id)
        }
        return (String(id[..<slash]), String(id[id.index(after: slash)...]))
    }

    private static func end(of session: VercelMessage.Session) -> Date? {
        guard let start = session.startedAt ?? session.createdAt, let timeout = session.timeout else { return nil }
        return Date(timeIntervalSince1970: (start + timeout) / 1000)
    }

    private static func machine(_ whole: VercelMessage.Whole, end: Date?) throws -> CloudMachine {
        let session = whole.session?.id ?? whole.sandbox.currentSessionId ?? ""
        guard !whole.sandbox.name.contains("/") else {
            throw SandboxError(
                .protocolViolation, "the service names a sandbox '\(whole.sandbox.name.prefix(80))'", remedy: "check its address",
                backend: VercelBackend.id)
        }
        let status = whole.session?.status ?? whole.sandbox.status ?? "running"
        return CloudMachine(
            id: "\(whole.sandbox.name)/\(session)", isRunning: status == "running", labels: whole.sandbox.tags ?? [:],
            endsAt: whole.session.flatMap(Self.end) ?? end)
    }
}

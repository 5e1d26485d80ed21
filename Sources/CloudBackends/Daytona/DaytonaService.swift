import Foundation
import Logging
import SandboxCore
import SandboxHTTP

/// Daytona's API.
struct DaytonaService: CloudService {
    let settings: DaytonaSettings
    private let calls: CloudCalls
    private let clients: CloudClients

    /// The service shows output by streams only to clients of a version that knows them.
    private static let version = "0.226.1"
    private static let startDeadline = Duration.seconds(300)
    private static let startPause = Duration.milliseconds(500)
    private static let mostPages = 200

    init(settings: DaytonaSettings, logger: Logger, key: @escaping @Sendable () async throws -> String?) throws {
        self.settings = settings
        clients = CloudClients(logger: logger)
        let address = try settings.address()
        let organization = settings.organization
        calls = CloudCalls(
            backend: DaytonaBackend.id, client: try clients.client(of: address), prefix: address.prefix,
            headers: {
                guard let key = try await key(), !key.isEmpty else {
                    throw SandboxError(
                        .denied, "there is no API key of Daytona",
                        remedy: "set backends.daytona.api_key (`sandlot secret set`, then secret:NAME), or DAYTONA_API_KEY",
                        backend: DaytonaBackend.id)
                }
                var headers = [
                    (name: "Authorization", value: "Bearer \(key)"), (name: "X-Daytona-Source", value: "sandlot"),
                    (name: "X-Daytona-SDK-Version", value: Self.version),
                ]
                if let organization { headers.append((name: "X-Daytona-Organization-ID", value: organization)) }
                return headers
            })
    }

    func check() async throws -> [String: String] {
        _ = try await page([("limit", "1")])
        return ["address": "\(try settings.address())", "snapshot": settings.snapshot ?? "the service's default"]
    }

    func create(_ order: CloudOrder) async throws -> CloudMachine {
        let body = DaytonaMessage.Create(
            name: order.key, snapshot: settings.snapshot, target: settings.target, labels: order.labels,
            networkBlockAll: order.network == .none, autoStopInterval: Self.minutes(order.life))
        let made: DaytonaMessage.Sandbox
        do {
            made = try CloudJSON.decode(try await calls.send(try CloudJSON.call(.post, "/sandbox", body, deadline: .seconds(90)), .always))
        } catch let error as SandboxError where error.code == .conflict {
            // The name is this order's alone: an earlier call of ours was done, and its answer lost.
            guard let earlier = try await look(order.key) else { throw error }
            made = earlier
        }
        let ready = try await started(made)
        return Self.machine(ready, endsAt: Date().addingTimeInterval(Double(order.life.components.seconds)))
    }

    func find(_ id: String) async throws -> CloudMachine? {
        guard let found = try await look(id), !Self.isGone(found) else { return nil }
        return Self.machine(found, endsAt: nil)
    }

    func list(_ labels: [String: String]) async throws -> [CloudMachine] {
        let text = String(decoding: try CloudJSON.encode(labels), as: UTF8.self)
        var machines: [CloudMachine] = []
        var cursor: String?
        for _ in 0..<Self.mostPages {
            var query = [("labels", text), ("limit", "100")]
            if let cursor { query.append(("cursor", cursor)) }
            let found = try await page(query)
            machines += found.items.filter { !Self.isGone($0) }.map { Self.machine($0, endsAt: nil) }
            guard let next = found.nextCursor, !next.isEmpty, !found.items.isEmpty else { return machines }
            cursor = next
        }
        throw SandboxError(
            .limitExceeded, "the service lists more sandboxes than can be", remedy: "see its dashboard", backend: DaytonaBackend.id)
    }

    /// Its life is counted from the last activity.
    func extend(_ id: String, life: Duration) async throws -> Date? {
        _ = try await calls.send(HTTPCall(.post, "/sandbox/\(HTTPText.segment(id))/last-activity"), .always)
        return Date().addingTimeInterval(Double(Self.minutes(life) * 60))
    }

    func destroy(_ id: String) async throws {
        do {
            _ = try await calls.send(HTTPCall(.delete, "/sandbox/\(HTTPText.segment(id))", deadline: .seconds(60)), .always)
        } catch let error as SandboxError where error.code == .notFound {
            // Gone is what was wanted.
        }
    }

    func enter(_ id: String, life: Duration) async throws -> any CloudDoor {
        guard var found = try await look(id) else {
            throw SandboxError(.notFound, "the service has no sandbox '\(id)'", remedy: "create a new one", backend: DaytonaBackend.id)
        }
        if ["stopped", "paused", "archived"].contains(found.state) {
            found = try CloudJSON.decode(
                try await calls.send(HTTPCall(.post, "/sandbox/\(HTTPText.segment(id))/start", deadline: .seconds(90)), .always))
        }
        found = try await started(found)
        guard let url = found.toolboxProxyUrl else {
            throw SandboxError(
                .protocolViolation, "the service does not say where the sandbox is reached", remedy: "check its address",
                backend: DaytonaBackend.id)
        }
        let address = try CloudAddress(parsing: url, setting: "the service's toolboxProxyUrl")
        // The key goes there too: never in the clear when it came encrypted.
        guard !"\(try settings.address())".hasPrefix("https:") || "\(address)".hasPrefix("https:") else {
            throw SandboxError(
                .denied, "the service wants the key sent unencrypted to \(address)", remedy: "check backends.daytona.api_url",
                backend: DaytonaBackend.id)
        }
        return DaytonaDoor(
            calls: CloudCalls(
                backend: DaytonaBackend.id, client: try clients.client(of: address),
                prefix: "\(address.prefix)/\(HTTPText.segment(id))", headers: calls.headers))
    }

    private func page(_ query: [(String, String)]) async throws -> DaytonaMessage.Page {
        try CloudJSON.decode(try await calls.send(HTTPCall(.get, "/sandbox", query: query.map { (name: $0.0, value: $0.1) }), .always))
    }

    private func look(_ idOrName: String) async throws -> DaytonaMessage.Sandbox? {
        do {
            return try CloudJSON.decode(try await calls.send(HTTPCall(.get, "/sandbox/\(HTTPText.segment(idOrName))"), .always))
        } catch let error as SandboxError where error.code == .notFound {
            return nil
        }
    }

    /// Waits until it runs. The service tells of changes over a protocol of its own only; so it is asked.
    private func started(_ made: DaytonaMessage.Sandbox) async throws -> DaytonaMessage.Sandbox {
        let deadline = ContinuousClock.now + Self.startDeadline
        var current = made
        while current.state != "started" {
            let why = current.errorReason.map { ": \($0.prefix(300))" } ?? ""
            if ["error", "build_failed"].contains(current.state) || Self.isGone(current) {
                throw SandboxError(
                    .unavailable, "the sandbox did not start (\(current.state ?? "unknown"))\(why)",
                    remedy: "try again, or see the service's dashboard", backend: DaytonaBackend.id)
            }
            guard ContinuousClock.now < deadline else {
                throw SandboxError(
                    .timeout, "the sandbox is '\(current.state ?? "unknown")' after \(Self.startDeadline)", remedy: "try again",
                    backend: DaytonaBackend.id)
            }
            try await Task.sleep(for: Self.startPause)
            guard let next = try await look(made.id) else {
                throw SandboxError(
                    .notFound, "the sandbox vanished while it started", remedy: "try again", backend: DaytonaBackend.id)
            }
            current = next
        }
        return current
    }

    private static func isGone(_ sandbox: DaytonaMessage.Sandbox) -> Bool {
        ["destroying", "destroyed"].contains(sandbox.state)
    }

    private static func minutes(_ life: Duration) -> Int64 { max(1, (life.components.seconds + 59) / 60) }

    private static func machine(_ sandbox: DaytonaMessage.Sandbox, endsAt: Date?) -> CloudMachine {
        CloudMachine(id: sandbox.id, isRunning: sandbox.state == "started", labels: sandbox.labels ?? [:], endsAt: endsAt)
    }
}

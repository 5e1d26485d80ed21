import Foundation
import Logging
import SandboxCore
import SandboxHTTP
import Synchronization

/// E2B's control plane.
struct E2BService: CloudService {
    let settings: E2BSettings
    private let calls: CloudCalls
    private let clients: CloudClients

    init(settings: E2BSettings, logger: Logger, key: @escaping @Sendable () async throws -> String?) throws {
        self.settings = settings
        clients = CloudClients(logger: logger)
        let address = try settings.controlPlane()
        calls = CloudCalls(
            backend: E2BBackend.id, client: try clients.client(of: address), prefix: address.prefix,
            headers: {
                guard let key = try await key(), !key.isEmpty else {
                    throw SandboxError(
                        .denied, "there is no API key of E2B",
                        remedy: "set backends.e2b.api_key (`sandlot secret set`, then secret:NAME), or E2B_API_KEY", backend: E2BBackend.id)
                }
                return [("X-API-KEY", key)]
            })
    }

    func check() async throws -> [String: String] {
        _ = try await page(["limit": "1"], token: nil)
        return ["address": "\(try settings.controlPlane())", "template": settings.template]
    }

    func create(_ order: CloudOrder) async throws -> CloudMachine {
        let body = E2BMessage.Create(
            templateID: settings.template, timeout: order.life.components.seconds, allow_internet_access: order.network == .open,
            metadata: order.labels)
        var call = try CloudJSON.call(.post, "/v2/sandboxes", body, deadline: .seconds(60))
        // The service answers the same key with the same sandbox, so a call whose answer was lost is simply sent again.
        call.headers.append(("Idempotency-Key", order.key))
        let made: E2BMessage.Made
        do {
            made = try CloudJSON.decode(try await creating(call))
        } catch let error as SandboxError where error.code == .notFound || error.code == .invalidArgument {
            throw SandboxError(
                error.code, error.message, remedy: "see the settings of backends.e2b: is there the template '\(settings.template)'?",
                backend: E2BBackend.id)
        }
        let id = try Self.checked(made.sandboxID)
        return CloudMachine(
            id: id, isRunning: true, labels: order.labels, endsAt: Date().addingTimeInterval(Double(order.life.components.seconds)))
    }

    /// While the service still works on the first call with this key, it says so.
    private func creating(_ call: HTTPCall) async throws -> HTTPAnswer {
        var budget = CloudPatience.Budget(CloudPatience(attempts: 20, firstPause: .milliseconds(500), longestPause: .seconds(3)))
        while true {
            do {
                return try await calls.send(call, .always)
            } catch let error as SandboxError where error.code == .conflict && error.message.contains("in_progress") {
                guard let pause = budget.pause(asked: nil) else { throw error }
                try await Task.sleep(for: pause)
            }
        }
    }

    func find(_ id: String) async throws -> CloudMachine? {
        do {
            return Self.machine(try CloudJSON.decode(try await calls.send(HTTPCall(.get, "/sandboxes/\(HTTPText.segment(id))"), .always)))
        } catch let error as SandboxError where error.code == .notFound {
            return nil
        }
    }

    func list(_ labels: [String: String]) async throws -> [CloudMachine] {
        let metadata = labels.sorted { $0.key < $1.key }.map { "\(HTTPText.segment($0.key))=\(HTTPText.segment($0.value))" }
        let query = ["metadata": metadata.joined(separator: "&"), "state": "running,paused", "limit": "100"]
        var machines: [CloudMachine] = []
        var token: String?
        for _ in 0..<Self.mostPages {
            let (found, next) = try await page(query, token: token)
            machines += found
            guard let next, !next.isEmpty, !found.isEmpty else { return machines }
            token = next
        }
        throw SandboxError(
            .limitExceeded, "the service lists more sandboxes than can be", remedy: "see its dashboard", backend: E2BBackend.id)
    }

    private static let mostPages = 200

    private func page(_ query: [String: String], token: String?) async throws -> ([CloudMachine], String?) {
        var pairs = query.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        if let token { pairs.append((name: "nextToken", value: token)) }
        let answer = try await calls.send(HTTPCall(.get, "/v2/sandboxes", query: pairs), .always)
        let details: [E2BMessage.Detail] = try CloudJSON.decode(answer)
        return (details.map(Self.machine), answer.headers["X-Next-Token"])
    }

    func extend(_ id: String, life: Duration) async throws -> Date? {
        let seconds = life.components.seconds
        let call = try CloudJSON.call(.post, "/sandboxes/\(HTTPText.segment(id))/timeout", E2BMessage.Timeout(timeout: seconds))
        _ = try await calls.send(call, .always)
        return Date().addingTimeInterval(Double(seconds))
    }

    func destroy(_ id: String) async throws {
        do {
            _ = try await calls.send(HTTPCall(.delete, "/sandboxes/\(HTTPText.segment(id))", deadline: .seconds(60)), .always)
        } catch let error as SandboxError where error.code == .notFound {
            // Gone is what was wanted.
        }
    }

    func enter(_ id: String, life: Duration) async throws -> any CloudDoor {
        let call = try CloudJSON.call(
            .post, "/v2/sandboxes/\(HTTPText.segment(id))/connect", E2BMessage.Timeout(timeout: life.components.seconds))
        let made: E2BMessage.Made = try CloudJSON.decode(try await calls.send(call, .always))
        let address = try settings.dataPlane(of: id, domain: made.domain.flatMap { $0.isEmpty ? nil : $0 })
        var headers = [("E2b-Sandbox-Id", id), ("E2b-Sandbox-Port", "\(E2BDoor.port)")]
        if let token = made.envdAccessToken { headers.append(("X-Access-Token", token)) }
        let fixed = headers.map { (name: $0.0, value: $0.1) }
        return E2BDoor(
            calls: CloudCalls(
                backend: E2BBackend.id, client: try clients.client(of: address), prefix: address.prefix, headers: { fixed },
                explains: { refusal in
                    guard refusal.status == 502, refusal.message.contains("was not found") else { return nil }
                    return SandboxError(
                        .notFound, "the service has no sandbox '\(id)' any more", remedy: "create a new one", backend: E2BBackend.id)
                }))
    }

    private static func machine(_ detail: E2BMessage.Detail) -> CloudMachine {
        CloudMachine(
            id: detail.sandboxID, isRunning: detail.state ?? "running" == "running", labels: detail.metadata ?? [:],
            endsAt: detail.endAt.flatMap(CloudJSON.date))
    }

    /// It becomes part of paths, headers and perhaps a host's name.
    private static func checked(_ id: String) throws -> String {
        let isPlain = id.utf8.allSatisfy { byte in
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x5F
        }
        guard isPlain, (1...128).contains(id.utf8.count) else {
            throw SandboxError(
                .protocolViolation, "the service names a sandbox '\(id.prefix(80))'", remedy: "check its address", backend: E2BBackend.id)
        }
        return id
    }
}

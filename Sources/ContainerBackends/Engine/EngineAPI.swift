import Foundation
import SandboxCore
import SandboxHTTP

/// The calls of an engine, typed. A refusal throws with the engine's own words in it; decisions are made on statuses only.
struct EngineAPI: Sendable {
    let client: HTTPAPIClient
    let dialect: EngineDialect
    let facts: EngineFacts
    /// Our paths as this engine sees them.
    var paths = HostPathMap()
    /// The service behind it, when that is ours.
    var service: EngineService?
    private let gate = OneAtATime()

    /// For calls that touch no disk.
    private static let quick = Duration.seconds(30)
    /// For calls that make, start or remove a container.
    static let slow = Duration.seconds(120)

    private init(_ client: HTTPAPIClient, _ dialect: EngineDialect, _ facts: EngineFacts) {
        self.client = client
        self.dialect = dialect
        self.facts = facts
    }

    /// Agrees on a version and asks the engine what it can.
    static func open(_ client: HTTPAPIClient, _ dialect: EngineDialect) async throws -> EngineAPI {
        let answer = try await client.send(HTTPCall(.get, "/version", deadline: quick))
        guard answer.isSuccess else { throw refusal(answer, "asking for the version", dialect) }
        let version = try decode(EngineMessage.Version.self, answer, dialect)
        guard let theirs = APIVersion(version.ApiVersion) else {
            throw SandboxError(
                .protocolViolation, "what listens at \(client.endpoint) is no container engine", remedy: "check the address",
                backend: dialect.id)
        }
        let api = min(theirs, .newest)
        let least = version.MinAPIVersion.flatMap { APIVersion($0) } ?? .oldest
        guard api >= .oldest, api >= least else {
            throw SandboxError(
                .unavailable,
                "\(dialect.name) \(version.Version) speaks versions \(least) to \(theirs) of its API, Sandlot \(APIVersion.oldest) to \(APIVersion.newest)",
                remedy: theirs < .oldest ? "update \(dialect.name)" : "update Sandlot", backend: dialect.id)
        }
        let information = try await client.send(HTTPCall(.get, "/v\(api)/info", deadline: quick))
        guard information.isSuccess else { throw refusal(information, "asking for information", dialect) }
        let info = try decode(EngineMessage.Info.self, information, dialect)
        return EngineAPI(client, dialect, EngineFacts(version, info, api: api))
    }

    // MARK: Containers

    func create(_ body: EngineMessage.Create, name: String) async throws -> String {
        let encoded = try JSONEncoder().encode(body)
        let call = HTTPCall(
            .post, "/containers/create", query: [("name", name)], body: .bytes(Array(encoded), type: "application/json"),
            deadline: Self.slow)
        let what = "creating the container \(name)"
        let answer: HTTPAnswer
        if facts.isRootless, case .kept = dialect.rootlessUser {
            // Podman 4 looks the user's number ranges up with a library that is not safe for threads: two at once can end the service.
            answer = try await gate.run { try await send(call, what) }
        } else {
            answer = try await send(call, what)
        }
        return try Self.decode(EngineMessage.Created.self, answer, dialect).Id
    }

    func start(_ container: String) async throws {
        _ = try await send(HTTPCall(.post, "/containers/\(container)/start", deadline: Self.slow), "starting the container", also: [304])
    }

    /// Nil when there is no such container.
    func inspect(_ container: String) async throws -> EngineMessage.Container? {
        try await find(EngineMessage.Container.self, "/containers/\(container)/json", "inspecting the container")
    }

    func containers(labelled labels: [String: String]) async throws -> [EngineMessage.Listed] {
        let filters = ["label": labels.map { "\($0.key)=\($0.value)" }.sorted()]
        let encoded = String(decoding: try JSONEncoder().encode(filters), as: UTF8.self)
        let answer = try await send(
            HTTPCall(.get, "/containers/json", query: [("all", "1"), ("filters", encoded)], deadline: Self.quick), "listing containers")
        return try Self.decode([EngineMessage.Listed].self, answer, dialect)
    }

    /// Ends what runs in it; one that does not run stays as it is.
    func kill(_ container: String) async throws {
        _ = try await send(
            HTTPCall(.post, "/containers/\(container)/kill", deadline: Self.slow), "ending the container", also: [404, 409, 500])
    }

    /// Kills and removes it with its anonymous volumes, and returns when it is gone. Idempotent.
    func remove(_ container: String) async throws {
        let call = HTTPCall(.delete, "/containers/\(container)", query: [("force", "1"), ("v", "1")], deadline: Self.slow)
        let answer = try await send(call, "removing the container", also: [404, 409])
        // Somebody else removes it already: its end is what is awaited.
        if answer.status == 409 { try await waitUntil("removed", container, deadline: Self.slow) }
    }

    /// Waits for a container's state: `not-running` or `removed`.
    func waitUntil(_ condition: String, _ container: String, deadline: Duration) async throws {
        _ = try await send(
            HTTPCall(.post, "/containers/\(container)/wait", query: [("condition", condition)], deadline: deadline),
            "waiting for the container", also: [404])
    }

    /// The end of what the container's first process wrote, for error messages.
    func lastWords(of container: String) async -> String {
        let call = HTTPCall(
            .get, versioned("/containers/\(container)/logs"), query: [("stdout", "1"), ("stderr", "1"), ("tail", "5")], deadline: Self.quick
        )
        guard let answer = try? await client.send(call, limit: 64 << 10), answer.isSuccess else { return "" }
        return LogFrames.text(answer.body)
    }

    // MARK: Images

    /// Nil when the engine does not have it.
    func image(_ name: String) async throws -> EngineMessage.Image? {
        try await find(EngineMessage.Image.self, "/images/\(name)/json", "looking for the image \(name)")
    }

    // MARK: How

    func versioned(_ path: String) -> String { "/v\(facts.api)\(path)" }

    func send(_ call: HTTPCall, _ what: String, also accepted: Set<Int> = []) async throws -> HTTPAnswer {
        var call = call
        call.path = versioned(call.path)
        let answer = try await client.send(call)
        guard answer.isSuccess || accepted.contains(answer.status) else { throw Self.refusal(answer, what, dialect) }
        return answer
    }

    private func find<Message: Decodable>(_ type: Message.Type, _ path: String, _ what: String) async throws -> Message? {
        let answer = try await send(HTTPCall(.get, path, deadline: Self.quick), what, also: [404])
        return answer.status == 404 ? nil : try Self.decode(type, answer, dialect)
    }

    static func decode<Message: Decodable>(_ type: Message.Type, _ answer: HTTPAnswer, _ dialect: EngineDialect) throws -> Message {
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch {
            throw SandboxError(
                .protocolViolation, "the engine's answer cannot be understood", remedy: "check that the address is \(dialect.name)'s",
                backend: dialect.id, cause: error)
        }
    }

    static func refusal(_ answer: HTTPAnswer, _ what: String, _ dialect: EngineDialect) -> SandboxError {
        let words = (try? JSONDecoder().decode(EngineMessage.Failure.self, from: Data(answer.body)))?.message
        let code: SandboxError.Code =
            switch answer.status {
            case 400: .invalidArgument
            case 401, 403: .denied
            case 404: .notFound
            case 409: .conflict
            default: .unavailable
            }
        return failure(code, what, words ?? "status \(answer.status)", dialect)
    }

    /// A failure in the engine's own words, wherever they came from.
    static func failure(_ code: SandboxError.Code, _ what: String, _ words: String, _ dialect: EngineDialect) -> SandboxError {
        let said = words.split(separator: "\n").joined(separator: "; ")
        // The kernel's own words for it, which no status of the API stands for.
        if said.contains("no space left on device") {
            return SandboxError(
                .limitExceeded, "\(what) failed: the engine's disk is full: \(said)",
                remedy: "remove containers and images that nobody uses (\(dialect.id) system prune), or give the engine more space",
                backend: dialect.id)
        }
        return SandboxError(code, "\(what) failed: \(said)", backend: dialect.id)
    }
}

import Foundation
import Logging
import SandboxAPI
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxHTTP
import Synchronization
import SystemPackage
import Testing

/// Keeps every line that is logged.
final class LogKeeper: Sendable {
    private let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    func logger() -> Logger {
        Logger(label: "kept") { _ in Handler(keeper: self) }
    }

    private struct Handler: LogHandler {
        let keeper: LogKeeper
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            keeper.lines.withLock { $0.append("\(event.message) \(all)") }
        }
    }
}

@Suite("No secret comes out of the server", .timeLimit(.minutes(10)))
struct ServerSentinelTests {
    @Test func `neither headers nor environments nor tokens come out anywhere`() async throws {
        let logs = LogKeeper()
        var planted: [String: String] = [:]
        func plant(_ what: String) -> String {
            let secret = "Sentinel" + UUID().uuidString.filter { $0 != "-" }
            planted[what] = secret
            return secret
        }
        let (session, exec, refused, cookie, header, guess) = (
            plant("session environment"), plant("exec environment"), plant("environment of a command that is refused"), plant("cookie"),
            plant("header"), plant("wrong token")
        )
        var heard: [String] = []
        try await ServerFixture.run(logger: logs.logger()) { fixture, client in
            let token = try String(contentsOfFile: fixture.data.appending("token").string, encoding: .utf8).trimmingCharacters(
                in: .newlines)
            planted["token"] = String(token.suffix(64))

            var wish = SessionCreation()
            wish.name = "work"
            wish.environment = ["FIRST": session]
            let opened = try await client.openSession(wish)
            let line = "test -n \"$FIRST\" && test -n \"$SECOND\""
            let result = try await opened.run(ExecRequest(.shell(line), environment: ["SECOND": exec]))
            #expect(try result.exec.ending?.ending().outcome == .exited(code: 0))
            _ = try? await opened.start(ExecRequest(.arguments(["no-such-program"]), environment: ["THIRD": refused]))

            let raw = try HTTPAPIClient(client.endpoint, logger: logs.logger())
            let fields = [(name: "Cookie", value: "sandlot=\(cookie)"), (name: "X-Anything", value: header)]
            let paths = APIRoute.all.filter { $0.method == "GET" && !$0.path.contains("watch") }.map {
                $0.path.replacing("{session}", with: opened.id).replacing("{exec}", with: result.exec.id.rawValue)
                    .replacing("{stream}", with: "stdout")
            }
            .map { $0.hasSuffix("/events") ? $0 + "?follow=false" : $0 }
            for authorization in [
                "Bearer \(token)", "Bearer \(guess)", "Basic \(guess)", "Bearer sandlot_tok-\(guess.lowercased())_\(guess)",
            ] {
                for path in paths {
                    let call = HTTPCall(.get, path, headers: fields + [(name: "Authorization", value: authorization)])
                    let answer = try await raw.send(call)
                    heard.append("\(answer.headers.all) \(answer.text)")
                }
            }
            let broken = HTTPCall(
                .post, "/v1/sessions", headers: fields + [(name: "Authorization", value: "Bearer \(token)")],
                body: .bytes(
                    Array("{\"environment\": {\"A\": \"\(refused)\"}, \"surprise\": \"\(refused)\"}".utf8), type: "application/json"))
            heard.append(try await raw.send(broken).text)

            var events: [EngineEvent] = []
            for try await event in fixture.engine.events() { events.append(event) }
            #expect(events.contains { $0.kind == .accessDenied })
            heard.append(String(decoding: try JSONEncoder().encode(events), as: UTF8.self))
            heard.append(logs.text)
            for name in try FileManager.default.subpathsOfDirectory(atPath: fixture.data.string) where name != "token" {
                let bytes = (try? Data(contentsOf: URL(fileURLWithPath: fixture.data.appending(name).string))) ?? Data()
                heard.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        #expect(heard.count > 40)
        for (what, secret) in planted {
            for text in heard { #expect(!text.contains(secret), "\(what) in \(text.prefix(300))") }
        }
    }
}

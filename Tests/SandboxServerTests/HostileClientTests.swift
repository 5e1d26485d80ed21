import HTTPTypes
import HummingbirdTesting
import Foundation
import SandboxAPI
import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxServer

@Suite("Clients that keep no rules", .timeLimit(.minutes(10)))
struct HostileClientTests {
    /// Blocking calls, away from the threads that the server runs on.
    private func away<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }

    private func head(_ method: String, _ path: String, _ more: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n\(more)\r\n"
    }

    @Test("a head that never ends, and one that never begins, are cut off while others are served")
    func slowHead() async throws {
        try await ServerFixture.run {
            // The fixture's own connection is held to it too, and must send its first head in time on a busy machine.
            $0.headTimeout = .seconds(5)
        } _: { server in
            let port = try #require(server.client.port)
            let slow = try (0..<50).map { _ in try RawConnection(port: port) }
            for one in slow.dropLast(10) { try one.send("GET /v1/health HTTP/1.1\r\nHost: loc") }
            #expect(try await server.call(.get, "/v1/health", token: nil).status == 200)
            for one in slow { #expect(try await away { try one.receiveAll() } == "") }
        }
    }

    @Test("a head that is too large is refused, and nothing more is read")
    func hugeHead() async throws {
        try await ServerFixture.run { server in
            let port = try #require(server.client.port)
            let answer = try await away {
                let one = try RawConnection(port: port)
                try one.send("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ")
                for _ in 0..<64 { guard try one.send(String(repeating: "x", count: 4096)) else { break } }
                return try one.receiveAll()
            }
            #expect(!answer.contains("200 OK"), "\(answer)")
            #expect(try await server.call(.get, "/v1/health", token: nil).status == 200)
        }
    }

    @Test("a first request that is no HTTP is answered as such at once")
    func malformedHead() async throws {
        try await ServerFixture.run { server in
            let port = try #require(server.client.port)
            let answer = try await away {
                let one = try RawConnection(port: port)
                try one.send("GET /v1/health HTTP/1.1\r\nContent-Length: many\r\n\r\n")
                return try one.receiveAll()
            }
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        }
    }

    @Test("a body that is cut off is never taken for a whole one")
    func cutBody() async throws {
        try await ServerFixture.run { server in
            let port = try #require(server.client.port)
            let session = try await server.openSession()
            let files = "/v1/sessions/\(session.id)/files"
            for (more, part) in [("Content-Length: 1000\r\n", "only a part"), ("Transfer-Encoding: chunked\r\n", "5\r\nparts\r\n")] {
                _ = try await away {
                    let one = try RawConnection(port: port)
                    try one.send(self.head("PUT", "\(files)/content?path=f", more) + part)
                    one.halfClose()
                    return try one.receiveAll()
                }
                #expect(try await server.call(.get, "\(files)/stat?path=f").status == 404, "\(more)")
            }
        }
    }

    @Test("a body that does not come is cut off, and so is one without end behind a refusal")
    func slowBody() async throws {
        try await ServerFixture.run {
            $0.bodyTimeout = .milliseconds(300)
        } _: { server in
            let port = try #require(server.client.port)
            let silent = try await away {
                let one = try RawConnection(port: port)
                try one.send(self.head("POST", "/v1/sessions", "Content-Length: 100\r\n") + "{")
                return try one.receiveAll()
            }
            #expect(!silent.contains("201"), "\(silent)")
            let endless = try await away {
                let one = try RawConnection(port: port)
                try one.send(self.head("PUT", "/v1/sessions/nowhere/files/content?path=f", "Content-Length: 1000000000\r\n"))
                var sent = 0
                while sent < 256 << 20, try one.send(String(repeating: "x", count: 65_536)) { sent += 65_536 }
                return sent
            }
            #expect(endless < 256 << 20)
        }
    }

    @Test("a body that is too large is refused, and the connection ends: no other request is sent behind it")
    func tooLarge() async throws {
        try await ServerFixture.run { server in
            let port = try #require(server.client.port)
            let size = 10 << 20
            let answer = try await away {
                let one = try RawConnection(port: port)
                try one.send(self.head("POST", "/v1/sessions", "Content-Length: \(size)\r\n") + String(repeating: " ", count: size))
                return try one.receiveAll()
            }
            #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
            #expect(answer.lowercased().contains("\r\nconnection: close\r\n"), "\(answer)")
            #expect(try await server.call(.get, "/v1/health", token: nil).status == 200)
        }
    }

    @Test("a reader that never reads holds its own command and nobody else")
    func neverReads() async throws {
        try await ServerFixture.run { server in
            let port = try #require(server.client.port)
            let session = try await server.openSession()
            let base = "/v1/sessions/\(session.id)/execs"
            let body = #"{"shell": "head -c 268435456 /dev/zero", "mode": "stream", "id": "exe-stalled"}"#
            let idle = try RawConnection(port: port)
            let begun = try await away {
                try idle.send(self.head("POST", base, "Content-Length: \(body.utf8.count)\r\n") + body)
                return try idle.receive(until: "started")
            }
            #expect(begun.contains("200 OK"))
            for round in 0..<5 {
                let found: ExecResultBody = try await server.call(.post, base, json: #"{"shell": "echo \#(round)"}"#).decoded()
                #expect(found.stdout.bytes == Array("\(round)\n".utf8))
            }
            let stalled: ExecBody = try await server.call(.get, "\(base)/exe-stalled").decoded()
            #expect(stalled.state == .running)
            #expect(try await server.call(.post, "\(base)/exe-stalled/cancel").status == 204)
            // Its end is heard of although nobody reads.
            let over: ExecBody = try await server.call(.get, "\(base)/exe-stalled/wait").decoded()
            #expect(over.state == .ended)
        }
    }

    @Test("a stream whose reader goes away lets go of the command, which goes on")
    func readerGoes() async throws {
        try await ServerFixture.run { server in
            let port = try #require(server.client.port)
            let session = try await server.openSession()
            let base = "/v1/sessions/\(session.id)/execs"
            let body = #"{"shell": "echo on; read x; echo got $x", "input": true, "mode": "stream", "id": "exe-left"}"#
            let text = try await away {
                let one = try RawConnection(port: port)
                try one.send(self.head("POST", base, "Content-Length: \(body.utf8.count)\r\n") + body)
                return try one.receive(until: "on\\n")
            }
            #expect(text.contains("started"))
            #expect(try await server.call(.post, "\(base)/exe-left/stdin?close=true", json: "it\n").status == 204)
            let events = try await server.call(.get, "\(base)/exe-left/events?stdout=3").events()
            #expect(events.first == .output(OutputChunk(channel: .standardOutput, offset: 3, bytes: Array("got it\n".utf8))))
        }
    }
}

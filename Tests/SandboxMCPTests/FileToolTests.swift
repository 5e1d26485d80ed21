import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxMCP

@Suite("Tools for files and sessions", .timeLimit(.minutes(10)))
struct FileToolTests {
    @Test("a file is written, read by line and by offset, and read on where it was cut")
    func reading() async throws {
        try await MCPFixture.with { fixture in
            let lines = (1...300).map { "line \($0) é" }
            _ = try await fixture.call("file_write", ["path": "a/b.txt", "content": .string(lines.joined(separator: "\n") + "\n")])
            let part = try await fixture.call("file_read", ["path": "a/b.txt", "line": 10, "lines": 2])
            #expect(part.facts["text"] == "line 10 é\nline 11 é\n")
            #expect(part.facts["next_line"] == 12)
            var whole = ""
            var next: Int64? = 0
            while let offset = next {
                let piece = try await fixture.call("file_read", ["path": "a/b.txt", "offset": .integer(offset), "max_output": 333])
                whole += try #require(piece.facts["text"]?.text)
                next = piece.facts["next_offset"]?.whole
            }
            #expect(whole == lines.joined(separator: "\n") + "\n")
            let beyond = try await fixture.call("file_read", ["path": "a/b.txt", "line": 1000])
            #expect(beyond.facts["text"] == "")
            #expect(!beyond.isToolError)
        }
    }

    @Test("binary content is refused as text, comes as base64, and pictures are shown")
    func binary() async throws {
        try await MCPFixture.with { fixture in
            _ = try await fixture.call("file_write", ["path": "x", "content": "AAEC/w==", "encoding": "base64"])
            #expect(try await fixture.call("file_read", ["path": "x"]).errorCode == "invalid")
            #expect(try await fixture.call("file_read", ["path": "x", "encoding": "base64"]).facts["base64"] == "AAEC/w==")
            let png = Base64.encode([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0, 0])
            _ = try await fixture.call("file_write", ["path": "p.png", "content": .string(png), "encoding": "base64"])
            let picture = try await fixture.call("file_read", ["path": "p.png"])["content"]?.elements?.last
            #expect(picture?["type"] == "image")
            #expect(picture?["mimeType"] == "image/png")
            #expect(picture?["data"] == .string(png))
            #expect(
                try await fixture.call("file_write", ["path": "x", "content": "%", "encoding": "base64"]).errorCode == "invalid_argument")
        }
    }

    @Test("an edit replaces exactly what was meant or nothing")
    func editing() async throws {
        try await MCPFixture.with { fixture in
            _ = try await fixture.call("file_write", ["path": "f", "content": "one two\ntwo three\n"])
            let twice = try await fixture.call("file_edit", ["path": "f", "old": "two", "new": "2"])
            #expect(twice.errorCode == "conflict")
            #expect(twice.toolText.contains("lines 1, 2"))
            #expect(try await fixture.call("file_edit", ["path": "f", "old": "zwei", "new": "2"]).errorCode == "not_found")
            #expect(try await fixture.call("file_read", ["path": "f"]).facts["text"] == "one two\ntwo three\n")
            let both = try await fixture.call("file_edit", ["path": "f", "old": "two", "new": "2", "count": 2])
            #expect(both.facts["lines"] == [1, 2])
            _ = try await fixture.call("file_edit", ["path": "f", "old": "one 2", "new": ""])
            #expect(try await fixture.call("file_read", ["path": "f"]).facts["text"] == "\n2 three\n")
        }
    }

    @Test("directories are listed page by page, files are found by name and by content")
    func searching() async throws {
        try await MCPFixture.with { fixture in
            for name in ["a.txt", "b.txt", "d/c.txt"] {
                _ = try await fixture.call("file_write", ["path": .string(name), "content": .string("here is \(name)\n")])
            }
            let first = try await fixture.call("file_list", ["limit": 2])
            #expect(first.facts["entries"]?.elements?.map { $0["path"] } == ["a.txt", "b.txt"])
            let rest = try await fixture.call("file_list", ["after": first.facts["last"] ?? .null])
            #expect(rest.facts["entries"]?.elements?.map { $0["path"] } == ["d"])
            let found = try await fixture.call("file_glob", ["pattern": "**/c.*"])
            #expect(found.facts["entries"]?.elements?.count == 1)
            let matches = try await fixture.call("file_grep", ["pattern": "is [bd]"])
            #expect(matches.facts["matches"]?.elements?.count == 2)
            #expect(try await fixture.call("file_grep", ["pattern": "nowhere"]).toolText == "no match")
            #expect(try await fixture.call("file_list", ["path": "nowhere"]).errorCode == "not_found")
            #expect(try await fixture.call("file_read", ["path": "d"]).errorCode == "is_directory")
        }
    }

    @Test("sessions are opened, listed, told apart and closed")
    func sessions() async throws {
        try await MCPFixture.with { fixture in
            let opened = try await fixture.call("session_open", ["name": "other"])
            let id = try #require(opened.facts["session"])
            #expect(opened.facts["expires_at"]?.text != nil)
            _ = try await fixture.call("file_write", ["session": id, "path": "f", "content": "x"])
            #expect(try await fixture.call("file_read", ["path": "f"]).errorCode == "not_found")
            #expect(try await fixture.call("file_read", ["session": "other", "path": "f"]).facts["text"] == "x")
            #expect(try await fixture.call("session_list").facts["total"] == 2)
            #expect(try await fixture.call("session_close", ["session": "other"]).facts["state"] == "closed")
            #expect(try await fixture.call("session_list").facts["total"] == 1)
            #expect(try await fixture.call("backend_list").facts["backends"]?.elements?.first?["available"] == true)
        }
    }

    @Test(
        "what the operator did not allow is refused",
        arguments: [
            (["network": "open"], "denied"), (["workspace": "/etc"], "invalid_argument"), (["image": "/"], "invalid_argument"),
            (["image": "../x"], "invalid_argument"), (["name": "no spaces"], "invalid_argument"), (["backend": "nope"], nil),
        ] as [(JSON, String?)])
    func policy(_ arguments: JSON, _ code: String?) async throws {
        try await MCPFixture.with { fixture in
            let result = try await fixture.call("session_open", arguments)
            #expect(result.isToolError)
            if let code { #expect(result.errorCode == code) }
            #expect(try await fixture.engine.sessions().isEmpty)
        }
    }

    @Test("a model cannot open sessions without end")
    func sessionLimit() async throws {
        try await MCPFixture.with(MCPPolicy(sessionLimit: 2)) { fixture in
            for _ in 0..<2 {
                let opened = try await fixture.call("session_open")
                #expect(!opened.isToolError)
            }
            #expect(try await fixture.call("session_open").errorCode == "limit_exceeded")
            #expect(try await fixture.call("run", ["command": "true"]).errorCode == "invalid_argument")
        }
    }

    @Test("credentials for one session reach no other")
    func bound() async throws {
        try await MCPFixture.with(MCPPolicy(reachesAllSessions: true)) { fixture in
            let mine = try await fixture.engine.open(SessionRequest()).id
            let other = try await fixture.engine.open(SessionRequest()).id
            let access = MCPAccess(mayExecute: true, onlySession: mine)
            let run = try await fixture.call("run", ["command": "true"], access: access)
            #expect(run.facts["session"] == .string(mine.rawValue))
            let foreign = try await fixture.call("run", ["command": "true", "session": .string(other.rawValue)], access: access)
            #expect(foreign.errorCode == "not_found")
            let theirs = try await fixture.call("run", ["command": "true", "session": .string(other.rawValue)])
            let exec = try #require(theirs.facts["exec"])
            #expect(try await fixture.call("exec_output", ["exec": exec], access: access).errorCode == "not_found")
            #expect(try await fixture.call("session_list", access: access).facts["total"] == 1)
            await #expect(throws: RPCError.self) { try await fixture.call("session_open", access: access) }
        }
    }

    @Test("a model reaches its server's sessions and no others")
    func ownSessions() async throws {
        try await MCPFixture.with { fixture in
            let other = try await fixture.engine.open(SessionRequest(name: "private")).id
            let exec = try await fixture.engine.start(other, ExecRequest(.shell("echo secret")))
            _ = try await fixture.engine.wait(for: exec.id)
            for name in ["private", other.rawValue] {
                #expect(try await fixture.call("run", ["command": "true", "session": .string(name)]).errorCode == "not_found")
                #expect(try await fixture.call("session_close", ["session": .string(name)]).errorCode == "not_found")
            }
            #expect(try await fixture.call("exec_output", ["exec": .string(exec.id.rawValue)]).errorCode == "not_found")
            #expect(try await fixture.call("session_list").facts["total"] == 0)
        }
    }

    @Test("a model can lower the operator's limits and not raise them")
    func limits() throws {
        let policy = MCPPolicy(limits: ResourceLimits(memory: 1 << 30, processors: 2, processes: 100))
        func limits(_ arguments: JSON) throws -> ResourceLimits? {
            let members = try #require(arguments.members)
            return try SessionArguments.request(ToolArguments(members, of: .sessionOpen(policy)), policy).limits
        }
        #expect(try limits([:]) == nil)
        #expect(try limits(["memory_mb": 512]) == ResourceLimits(memory: 512 << 20, processors: 2, processes: 100))
        #expect(try limits(["memory_mb": 4096, "processes": 5000]) == policy.limits)
    }

    @Test("when the server's own session has ended, one call says so and the next has a fresh one")
    func freshSession() async throws {
        try await MCPFixture.with { fixture in
            let first = try #require(try await fixture.call("run", ["command": "true"]).facts["session"]?.text)
            try await fixture.engine.close(try SessionID(validating: first), force: true)
            #expect(try await fixture.call("run", ["command": "true"]).errorCode == "conflict")
            let second = try await fixture.call("run", ["command": "true"]).facts["session"]?.text
            #expect(second != nil && second != first)
        }
    }
}

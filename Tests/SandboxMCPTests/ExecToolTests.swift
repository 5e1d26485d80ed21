import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxMCP

@Suite("Tools that run commands", .timeLimit(.minutes(10)))
struct ExecToolTests {
    @Test("a command's end, output and code are told; a failing command is no error")
    func run() async throws {
        try await MCPFixture.with { fixture in
            let result = try await fixture.call("run", ["command": "echo out; echo err >&2; exit 3"])
            #expect(!result.isToolError)
            #expect(result.facts["outcome"] == "exited")
            #expect(result.facts["exit_code"] == 3)
            #expect(result.facts["stdout"]?["text"] == "out\n")
            #expect(result.facts["stderr"]?["text"] == "err\n")
            #expect(result.toolText.contains("exit code 3"))
            #expect(result.toolText.contains("--- stdout\nout\n"))
        }
    }

    @Test("standard input, environment and argument vectors reach the command as they are")
    func input() async throws {
        try await MCPFixture.with { fixture in
            #expect(try await fixture.call("run", ["command": "cat", "stdin": "a\nb"]).facts["stdout"]?["text"] == "a\nb")
            let environment = try await fixture.call("run", ["command": "echo $WHO", "env": ["WHO": "me"]])
            #expect(environment.facts["stdout"]?["text"] == "me\n")
            let words = try await fixture.call("run", ["argv": ["echo", "$HOME", "a  b"]])
            #expect(words.facts["stdout"]?["text"] == "$HOME a  b\n")
        }
    }

    @Test("long output is cut in the middle, and the rest is read by offset to the last byte")
    func budget() async throws {
        try await MCPFixture.with { fixture in
            let line = "i=0; while [ $i -lt 500 ]; do echo number-$i; i=$((i+1)); done"
            let result = try await fixture.call("run", ["command": .string(line), "max_output": 400])
            let text = try #require(result.facts["stdout"]?["text"]?.text)
            #expect(text.hasPrefix("number-0\n"))
            #expect(text.hasSuffix("number-499\n"))
            #expect(result.toolText.utf8.count < 1200)
            let omitted = try #require(result.facts["stdout"]?["omitted"])
            let from = try #require(omitted["from"]?.whole)
            let end = try #require(omitted["to"]?.whole)
            let exec = try #require(result.facts["exec"])
            var offset = from
            var middle = ""
            while offset < end {
                let piece = try await fixture.call("exec_output", ["exec": exec, "stdout_offset": .integer(offset), "max_output": 1000])
                middle += try #require(piece.facts["stdout"]?["text"]?.text)
                offset = try #require(piece.facts["stdout"]?["next_offset"]?.whole)
            }
            let whole = (0..<500).map { "number-\($0)\n" }.joined()
            #expect(text.hasPrefix(whole.prefix(Int(from))))
            #expect(text.hasSuffix(whole.dropFirst(Int(end))))
            #expect(whole.dropFirst(Int(from)).hasPrefix(middle))
        }
    }

    @Test("a time limit kills; patience does not")
    func limits() async throws {
        try await MCPFixture.with { fixture in
            let late = try await fixture.call("run", ["command": "echo on; sleep 1000", "timeout_seconds": 1])
            #expect(late.facts["outcome"] == "timed_out")
            let left = try await fixture.call("run", ["command": "echo on; sleep 1000", "wait_seconds": 1])
            #expect(left.facts["state"] == "running")
            #expect(left.facts["stdout"]?["text"] == "on\n")
            let ended = try await fixture.call("exec_signal", ["exec": left.facts["exec"] ?? .null])
            #expect(ended.facts["outcome"] == "cancelled")
        }
    }

    @Test("a command in the background is listed, written to, read from and waited for")
    func background() async throws {
        try await MCPFixture.with { fixture in
            let started = try await fixture.call("exec_start", ["command": "cat; echo end", "stdin": true])
            let exec = try #require(started.facts["exec"])
            let list = try await fixture.call("exec_list")
            #expect(list.facts["execs"]?.elements?.first?["command"] == "cat; echo end")
            _ = try await fixture.call("exec_input", ["exec": exec, "text": "hello\n"])
            let news = try await fixture.call("exec_output", ["exec": exec, "wait_seconds": 30])
            #expect(news.facts["stdout"]?["text"] == "hello\n")
            let waiting = try await fixture.call("exec_wait", ["exec": exec, "wait_seconds": 0])
            #expect(waiting.facts["state"] == "running")
            _ = try await fixture.call("exec_input", ["exec": exec, "close": true])
            let over = try await fixture.call("exec_wait", ["exec": exec, "wait_seconds": 30])
            #expect(over.facts["exit_code"] == 0)
            #expect(over.facts["stdout"]?["text"] == "hello\nend\n")
            let rest = try await fixture.call("exec_output", ["exec": exec, "stdout_offset": 6])
            #expect(rest.facts["stdout"]?["text"] == "end\n")
            #expect(rest.toolText.contains("[end of stdout]"))
        }
    }

    @Test(
        "a program that is not there, and arguments that do not fit, are errors with words to act on",
        arguments: [
            ("run", ["argv": ["no-such-program"]], "command_not_found"), ("run", [:], "invalid_argument"),
            ("run", ["command": "a", "argv": ["b"]], "invalid_argument"), ("run", ["comand": "a"], "invalid_argument"),
            ("run", ["command": 7], "invalid_argument"), ("run", ["command": "a", "timeout_seconds": 0], "invalid_argument"),
            ("run", ["command": "a", "timeout_seconds": "5"], "invalid_argument"),
            ("run", ["command": "a", "env": ["A": 1]], "invalid_argument"),
            ("run", ["command": "a\u{0}b"], "invalid_argument"), ("run", ["argv": ["a", 5]], "invalid_argument"),
            ("run", ["command": "a", "session": "nope"], "not_found"), ("exec_output", ["exec": "exe-nope"], "not_found"),
            ("exec_output", ["exec": "../../x"], "not_found"), ("exec_wait", [:], "invalid_argument"),
            ("exec_signal", ["exec": "exe-x"], "not_found"),
        ] as [(String, JSON, String)])
    func refusals(_ tool: String, _ arguments: JSON, _ code: String) async throws {
        try await MCPFixture.with { fixture in
            let result = try await fixture.call(tool, arguments)
            #expect(result.isToolError)
            #expect(result.errorCode == code)
            #expect(result.toolText.contains("Try: "))
        }
    }

    @Test("a tool that does not exist is an error of the protocol")
    func unknownTool() async throws {
        try await MCPFixture.with { fixture in
            await #expect(throws: RPCError.self) { try await fixture.call("rm_rf") }
            await #expect(throws: RPCError.self) { try await fixture.call("run", access: MCPAccess(mayExecute: false)) }
        }
    }
}

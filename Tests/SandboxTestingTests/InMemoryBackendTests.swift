import SandboxCore
import SandboxTesting
import Testing

@Suite("The in-memory backend")
struct InMemoryBackendTests {
    private func run(_ line: String, input: [UInt8] = []) async throws -> ExecResult {
        let backend = InMemoryBackend()
        let sandbox = try await backend.create(SandboxSpec(owner: .random())) { _ in }
        return try await sandbox.run(ExecRequest(.shell(line)), input: input)
    }

    @Test(
        "its shell does what a POSIX shell does",
        arguments: [
            ("echo hello", "hello\n"), ("printf '%s|' 'a b' \"\" c", "a b||c|"), ("x=1; echo $((x + 2 * 3))", "7\n"),
            ("for i in a b; do echo $i; done | wc -l", "2\n"), ("cd /tmp && pwd", "/tmp\n"), ("false || echo no", "no\n"),
            ("if test 1 -lt 2; then echo yes; else echo no; fi", "yes\n"), ("echo $(echo in; echo ner)", "in ner\n"),
            ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3\n"), ("(exit 7); echo $?", "7\n"),
            ("yes | head -n 2", "y\ny\n"), ("echo a > f; echo b >> f; cat f", "a\nb\n"), ("echo x >&2", ""),
            ("case abc in a*) echo A;; *) echo other;; esac", "A\n"), ("sh -c 'kill -TERM $$'; echo $?", "143\n"),
            ("trap 'echo got' TERM; kill -TERM $$; echo after", "got\nafter\n"), ("head -c 5 /dev/zero | wc -c", "5\n"),
            ("set -- a 'b c'; for x in \"$@\"; do echo \"[$x]\"; done", "[a]\n[b c]\n"), ("f() { echo in $1; }; f x", "in x\n"),
            ("touch a1 a2; echo a*", "a1 a2\n"), ("printf '\\101\\n'", "A\n"), ("sleep 0 & wait; echo done", "done\n"),
            ("nosuch; echo $?", "127\n"), ("v=${unset:-dflt}; echo ${#v} $v", "4 dflt\n"),
        ])
    func shellLines(_ line: String, _ expected: String) async throws {
        #expect(try await run(line).outputText == expected)
    }

    @Test("input reaches the command and its end ends it")
    func inputArrives() async throws {
        #expect(try await run("cat; echo end", input: Array("abc\n".utf8)).outputText == "abc\nend\n")
    }
}

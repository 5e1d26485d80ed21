import SandboxCore
import SystemPackage

/// A command is taken up again at an offset.
enum AttachCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("attach.while-running", "attaching at an offset goes on exactly there", requires: [.detachedExecs]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("echo one; read x; echo two; read y; echo three"), input: .stream))
            var reader = EventReader(exec)
            try await reader.read(until: "one\n")
            await exec.detach()
            let again = try await sandbox.attach(to: exec.id, from: reader.offsets)
            var second = EventReader(again, from: reader.offsets)
            try await again.write(Array("go\n".utf8))
            try await second.read(until: "two\n")
            try await again.write(Array("go\n".utf8))
            let ending = try await second.readToEnd()
            try c.expect(second.text, equals: "two\nthree\n", "the rest")
            try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
        },
        ConformanceCase(
            "attach.after-end", "the output and the outcome of a command that ended unheard are still there", requires: [.detachedExecs]
        ) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("echo unheard; echo err >&2; exit 7")))
            await exec.detach()
            try await ended(c, exec.id, in: sandbox)
            var reader = EventReader(try await sandbox.attach(to: exec.id, from: .zero))
            let ending = try await reader.readToEnd()
            try c.expect([reader.text, String(decoding: reader.errors, as: UTF8.self)], equals: ["unheard\n", "err\n"], "the streams")
            try c.expect(ending.outcome, equals: .exited(code: 7), "the outcome")
        },
        ConformanceCase("attach.middle", "attaching in the middle of a stream gives the rest", requires: [.detachedExecs]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("printf 0123456789")))
            await exec.detach()
            try await ended(c, exec.id, in: sandbox)
            let offsets = OutputOffsets(standardOutput: 4)
            var reader = EventReader(try await sandbox.attach(to: exec.id, from: offsets), from: offsets)
            _ = try await reader.readToEnd()
            try c.expect(reader.text, equals: "456789", "the rest")
        },
        ConformanceCase("attach.runs-unheard", "a command goes on while nobody listens", requires: [.detachedExecs]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("while [ ! -e go ]; do sleep 0.02; done; echo done >marker")))
            await exec.detach()
            _ = try await c.output(of: ": >go; while [ ! -s marker ]; do sleep 0.02; done", in: sandbox) { $0.timeout = .seconds(20) }
            try await ended(c, exec.id, in: sandbox)
        },
        ConformanceCase("attach.cancel", "a command that was attached to can be cancelled", requires: [.detachedExecs]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("sleep 60")))
            await exec.detach()
            let again = try await sandbox.attach(to: exec.id, from: .zero)
            try await again.cancel()
            var reader = EventReader(again)
            try c.expect(try await reader.readToEnd().outcome, equals: .cancelled, "the outcome")
        },
        ConformanceCase("attach.unknown", "attaching to an id that never ran is not_found") { c in
            let sandbox = try await c.makeSandbox()
            try await c.expectError([.notFound], "the attachment") { _ = try await sandbox.attach(to: .random(), from: .zero) }
        },
        ConformanceCase("attach.forget", "a forgotten exec is unknown, and its id still never runs again", requires: [.detachedExecs]) {
            c in
            let sandbox = try await c.makeSandbox()
            let request = ExecRequest(.shell("echo run >>runs"))
            _ = try await sandbox.run(request)
            try await sandbox.forget(request.id)
            try await c.expectError([.notFound], "the attachment") { _ = try await sandbox.attach(to: request.id, from: .zero) }
            let known = try await sandbox.execs().contains { $0.id == request.id }
            try c.expect(known, equals: false, "the listing")
        },
        ConformanceCase("attach.forget-running", "a running exec cannot be forgotten", requires: [.detachedExecs]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.arguments(["cat"]), input: .stream))
            try await c.expectError([.conflict, .invalidArgument], "forgetting") { try await sandbox.forget(exec.id) }
            try await exec.closeInput()
        },
    ]

    private static func ended(_ c: ConformanceContext, _ id: ExecID, in sandbox: any Sandbox) async throws {
        // There is no event to await for somebody who does not listen.
        while try await sandbox.execs().first(where: { $0.id == id })?.ending == nil { try await Task.sleep(for: .milliseconds(10)) }
    }
}

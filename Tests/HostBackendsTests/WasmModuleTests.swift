import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

@Suite("WebAssembly modules", .timeLimit(.minutes(2)))
struct WasmModuleTests {
    @Test("a module gets its arguments, its variables and its input, and its exit code is told as it is")
    func theOrdinary() async throws {
        try await withWasm([:], { $0.environment = ["OF": "sandbox", "LD_PRELOAD": "/nowhere.so", "HOME": "/workspace"] }) { _, sandbox in
            #expect(try await sandbox.module().outputText == "hello\n")
            let arguments = try await sandbox.module("arguments", "a b", "", "ä")
            #expect(arguments.outputText == "[app.wasm]\n[arguments]\n[a b]\n[]\n[ä]\n")
            let said = try await sandbox.module("say", "out", "err")
            #expect((said.outputText, said.errorText) == ("out", "err"))
            #expect(try await sandbox.module("echo", input: Array("in".utf8)).outputText == "in")
            let environment = try await sandbox.module("environment") { $0.environment = ["PATH": "p", "OF": "exec"] }
            #expect(
                Set(environment.outputText.split(separator: "\n")) == [
                    "OF=exec", "LD_PRELOAD=/nowhere.so", "HOME=/workspace", "PATH=p", "TMPDIR=/tmp", "LANG=C.UTF-8", "TERM=xterm-256color",
                ])
            for code in [Int32(0), 1, 125, 126, 200, 255] {
                #expect(try await sandbox.module("exit", "\(code)").outcome == .exited(code: code))
            }
        }
    }

    @Test("a trap is told as the signal that a process would have ended by, with its words")
    func traps() async throws {
        try await withWasm(["fuel": ["500000000"]]) { _, sandbox in
            for (what, number, words) in [
                ("abort", SIGABRT, "unreachable"), ("beyond", SIGSEGV, "out of bounds"), ("spin", SIGXCPU, "fuel"),
            ] {
                let result = try await sandbox.module(what)
                #expect(result.outcome == .signaled(try ExecSignal(number: number), coreDumped: false), "\(what): \(result.errorText)")
                #expect(result.errorText.contains(words), "\(result.errorText)")
            }
        }
    }

    @Test("what is no module is refused with the reason, and nothing runs")
    func whatIsRefused() async throws {
        try await withWasm { _, sandbox in
            for command in [
                ExecRequest.Command.shell("echo hi"), .arguments(["sh", "-c", "echo hi"]), .arguments(["/bin/bash"]), .arguments(["ls"]),
            ] {
                let error = await #expect(throws: SandboxError.self) { _ = try await sandbox.start(ExecRequest(command)) }
                #expect(error?.code == .unsupported)
                #expect(error?.remedy?.contains("app.wasm") == true)
            }
            try await sandbox.files.write(text: "#!/bin/sh\necho hi\n", to: "script.wasm", options: FileWriteOptions(mode: 0o755))
            let component: [UInt8] = [0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0]
            try await sandbox.files.write(component, to: "component.wasm", options: FileWriteOptions())
            for (name, reason) in [
                ("none.wasm", ExecStartFailure.Reason.commandNotFound), ("script.wasm", .commandNotExecutable),
                ("component.wasm", .commandNotExecutable), ("/usr/bin/env", .commandNotExecutable),
            ] {
                let failure = await #expect(throws: ExecStartFailure.self) {
                    _ = try await sandbox.start(ExecRequest(.arguments([name])))
                }
                #expect(failure?.reason == reason, "\(name)")
            }
            try await sandbox.files.write([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 99], to: "broken.wasm", options: FileWriteOptions())
            let broken = try await sandbox.run(ExecRequest(.arguments(["broken.wasm"])))
            #expect(broken.outcome == .exited(code: ExitStatus.notExecutable))
            #expect(broken.errorText.contains("broken.wasm"))
            for name in ["", "A=B"] {
                var named = ExecRequest(.arguments(["broken.wasm"]))
                named.environment = [name: "x"]
                let error = await #expect(throws: SandboxError.self) { _ = try await sandbox.start(named) }
                #expect(error?.code == .invalidArgument)
            }
            let nowhere = ExecRequest(.arguments(["/workspace/broken.wasm"]), workingDirectory: "no/such")
            await #expect(throws: (any Error).self) { _ = try await sandbox.start(nowhere) }
            #expect(try await sandbox.execs().count == 1)
        }
    }

    @Test("what a backend without a network, a home or an image cannot give is refused before anything is made")
    func specificationsAreRefused() async throws {
        try await withBench { bench in
            let wasm = try await WasmBench(bench)
            let folder = try bench.folder("home")
            for edit: (inout SandboxSpec) -> Void in [
                { $0.network = .open }, { $0.home = .directory(folder) }, { $0.image = .reference("debian") }, { $0.limits.disk = 1 << 30 },
                { $0.mounts = [Mount(source: folder, target: "/data", readOnly: true)] }, { $0.workspacePath = "/elsewhere" },
            ] {
                var spec = bench.spec()
                edit(&spec)
                let error = await #expect(throws: SandboxError.self) { _ = try await wasm.backend.create(spec) { _ in } }
                #expect(error?.code == .unsupported)
            }
            #expect(try await wasm.backend.list(owner: bench.owner) == [])
        }
    }

    @Test("100 MiB of output arrive whole, and a reader that stops stalls the module only")
    func output() async throws {
        try await withWasm { _, sandbox in
            let flood = try await sandbox.start(ExecRequest(.arguments(["app.wasm", "flood", "100"])))
            var events = flood.events.makeAsyncIterator()
            guard case .output(let first) = try await events.next() else { throw Missing() }
            // The flood stands still now; another module does not.
            #expect(try await sandbox.module().outputText == "hello\n")
            #expect(try await sandbox.execs().first { $0.id == flood.id }?.ending == nil)
            var count = first.bytes.count
            while let event = try await events.next() {
                switch event {
                case .output(let chunk): count += chunk.bytes.count
                case .ended(let ending): #expect(ending.outcome == .exited(code: 0))
                }
            }
            #expect(count == 100 << 20)
        }
    }

    @Test("two modules run at once, each with its own streams")
    func twoAtOnce() async throws {
        try await withWasm { _, sandbox in
            var request = ExecRequest(.arguments(["app.wasm", "echo"]))
            request.input = .stream
            let one = try await sandbox.start(request)
            request.id = .random()
            let other = try await sandbox.start(request)
            for (exec, text) in [(other, "second"), (one, "first")] {
                let result = try await exec.collect(input: Array(text.utf8))
                #expect(result.outputText == text)
                #expect(result.outcome == .exited(code: 0))
            }
        }
    }

    @Test("a terminal's input and output are a module's too")
    func terminal() async throws {
        try await withWasm { _, sandbox in
            let request = ExecRequest(
                .arguments(["app.wasm", "echo"]), terminal: TerminalSize(columns: 80, rows: 24), timeout: .seconds(50))
            let result = try await sandbox.run(request, input: Array("line\n\u{4}".utf8))
            #expect(result.outputText.contains("line\r\nline\r\n"), "\(result.outputText)")
        }
    }

    private struct Missing: Error {}
}

import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

@Suite("What holds WebAssembly modules", .timeLimit(.minutes(2)))
struct WasmConfinementTests {
    @Test("a module sees the workspace, also by relative paths, and a temporary directory; the file calls see the same tree")
    func files() async throws {
        try await withWasm { _, sandbox in
            #expect(try await sandbox.module("write", "/workspace/made", "by the module").outcome.isSuccess)
            #expect(String(decoding: try await sandbox.files.readAll("made"), as: UTF8.self) == "by the module")
            try await sandbox.files.makeDirectory("folder", mode: 0o755, parents: false)
            try await sandbox.files.write(text: "by a call", to: "folder/file")
            #expect(
                try await sandbox.module("list", "/workspace").outputText.split(separator: "\n").sorted() == ["app.wasm", "folder", "made"])
            for path in ["folder/file", "/workspace/folder/file", sandbox.workspacePath.appending("folder/file").string] {
                #expect(try await sandbox.module("read", path).outputText == "by a call", "\(path)")
            }
            var inside = ExecRequest(.arguments(["../app.wasm", "read", "file"]), workingDirectory: "folder")
            #expect(try await sandbox.run(inside).outputText == "by a call")
            inside = ExecRequest(.arguments(["/workspace/app.wasm", "list", "."]), workingDirectory: "/workspace/folder")
            #expect(try await sandbox.run(inside).outputText == "file\n")
            #expect(try await sandbox.module("write", "/tmp/t", "x").outcome.isSuccess)
            #expect(try await sandbox.module("read", "/tmp/t").outputText == "x")
        }
    }

    @Test("nothing leads out: no `..`, no absolute path, no link that is there or that the module makes, no working directory")
    func escapes() async throws {
        try await withWasm { wasm, sandbox in
            let secret = try wasm.bench.folder("outside").appending("secret")
            try HostDirectory.replace(secret, with: Array("secret".utf8), survivesPowerLoss: false)
            chmod(secret.string, 0o644)
            try await sandbox.files.makeSymbolicLink("absolute", target: secret)
            try await sandbox.files.makeSymbolicLink("up", target: "../../..")
            try await sandbox.files.makeSymbolicLink("libraries", target: "/usr/lib")
            let climb = String(repeating: "../", count: 30)
            for path in [
                secret.string, "/etc/passwd", climb + "etc/passwd", "/workspace/" + climb + "etc/passwd", "/tmp/../../../../../etc/passwd",
                "absolute", "up/outside/secret", "libraries/os-release", "/proc/self/environ", "/dev/null",
                "\(sandbox.workspacePath)/../record",
            ] {
                let read = try await sandbox.module("read", path)
                #expect(read.outcome == .exited(code: 1) && read.outputText.isEmpty, "read \(path): \(read.outcome) \(read.outputText)")
            }
            for path in ["up/outside/made", climb + "tmp/made", "absolute", "libraries/made"] {
                #expect(try await sandbox.module("write", path, "x").outcome == .exited(code: 1), "write \(path)")
            }
            // A link may be made; it leads nowhere.
            _ = try await sandbox.module("link", climb + "etc/passwd", "made")
            #expect(try await sandbox.module("read", "made").outputText.isEmpty)
            #expect(try await sandbox.module("link", "/etc/passwd", "too").outcome == .exited(code: 1))
            #expect(try await sandbox.module("move", "app.wasm", climb + "tmp/stolen.wasm").outcome == .exited(code: 1))
            #expect(String(decoding: try HostDirectory.contents(secret) ?? [], as: UTF8.self) == "secret")
            #expect(try HostDirectory.names(in: secret.removingLastComponent()) == ["secret"])
            for directory in ["libraries", "/usr/lib", "up"] {
                let away = ExecRequest(.arguments(["/workspace/app.wasm", "list", "."]), workingDirectory: FilePath(directory))
                let listed = (try? await sandbox.run(away)) ?? nil
                #expect(listed?.outputText ?? "" == "", "\(directory)")
                #expect(listed?.outcome.isSuccess != true, "\(directory)")
            }
        }
    }

    @Test("a read-only workspace is read-only for modules")
    func readOnly() async throws {
        try await withBench { bench in
            let wasm = try await WasmBench(bench, ["allow_root": ["true"]])
            let folder = try bench.folder("work", owner: bench.isRoot ? 64777 : geteuid())
            let writer = try await wasm.sandbox(bench.spec(workspace: .mounted(folder, readOnly: false)))
            try await writer.destroy()
            let sandbox = try await wasm.backend.create(bench.spec(workspace: .mounted(folder, readOnly: true))) { _ in }
            #expect(try await sandbox.module("list", ".").outputText == "app.wasm\n")
            #expect(try await sandbox.module("write", "made", "x").outcome == .exited(code: 1))
            #expect(try await sandbox.module("write", "/tmp/made", "x").outcome.isSuccess)
            try await sandbox.destroy()
        }
    }

    @Test("the runtime's process has no privileges, no variables of the client, and its own filter beside the sandbox'")
    func theProcess() async throws {
        try await withWasm { wasm, sandbox in
            let request = ExecRequest(.arguments(["app.wasm", "spin"]), environment: ["LD_PRELOAD": "/workspace/evil.so"])
            let exec = try await sandbox.start(request)
            var events = exec.events.makeAsyncIterator()
            // The module says that it runs: the confinement comes before that.
            guard case .output = try await events.next() else { throw SandboxError(.internalError, "the module ended") }
            let pid = try #require(exec.processID)
            let status = String(decoding: try HostDirectory.contents(FilePath("/proc/\(pid)/status")) ?? [], as: UTF8.self)
            let facts = Dictionary(
                status.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1).map(String.init) }.filter { $0.count == 2 }
                    .map { ($0[0], $0[1].trimmed) }, uniquingKeysWith: { first, _ in first })
            #expect(facts["NoNewPrivs"] == "1")
            #expect(facts["Seccomp"] == "2")
            #expect(facts["Seccomp_filters"].flatMap { Int($0) } ?? 0 >= 2)
            #expect(facts["CapEff"].map { $0.allSatisfy { $0 == "0" } } == true)
            try await exec.signal(.kill)
            while case .output? = try await events.next() {}
        }
    }

    @Test("an endless module ends by its time limit, by a signal and by being cancelled, and each is told")
    func endings() async throws {
        try await withWasm { _, sandbox in
            #expect(try await sandbox.module("spin") { $0.timeout = .seconds(1) }.outcome == .timedOut)
            for (signal, outcome) in [
                (ExecSignal.terminate, ExecOutcome.signaled(.terminate, coreDumped: false)), (.kill, .signaled(.kill, coreDumped: false)),
            ] {
                let exec = try await sandbox.start(ExecRequest(.arguments(["app.wasm", "spin"])))
                try await exec.signal(signal)
                #expect(try await exec.collect().outcome == outcome)
            }
            let exec = try await sandbox.start(ExecRequest(.arguments(["app.wasm", "spin"])))
            try await exec.cancel()
            #expect(try await exec.collect().outcome == .cancelled)
        }
    }

    @Test("memory beyond the limit is refused to the module, with control groups and without")
    func memory() async throws {
        for layout in [nil, CgroupLayout(isUnified: false, parents: [:])] {
            try await withBench { bench in
                var host = bench.host
                if let layout { host.cgroups = layout }
                let made = try await WasmBench(bench)
                let wasm = WasmBench(made, backend: WasmBackend(host: host, settings: made.backend.settings))
                let sandbox = try await wasm.sandbox(bench.spec(limits: ResourceLimits(memory: 128 << 20)))
                let result = try await sandbox.module("hog")
                #expect(result.outcome == .exited(code: 3), "\(result.outcome) \(result.errorText)")
                #expect(result.outputText.hasPrefix("refused after 8"), "\(result.outputText)")
                #expect(try await sandbox.module().outputText == "hello\n")
                try await sandbox.destroy()
            }
        }
    }

    @Test("a sandbox is taken up by another process with its variables, places and limits")
    func attaching() async throws {
        try await withWasm(
            [:],
            {
                $0.environment = ["KEPT": "yes"]
                $0.limits.memory = 128 << 20
            }
        ) { wasm, sandbox in
            let again = try await wasm.backend.attach(to: sandbox.reference)
            #expect(try await again.module("environment").outputText.contains("KEPT=yes\n"))
            #expect(try await again.module("write", "/tmp/t", "x").outcome.isSuccess)
            #expect(try await again.module("hog").outcome == .exited(code: 3))
        }
    }

    @Test("without its library, or with a file that is none, the backend says so and how to mend it")
    func probing() async throws {
        try await withBench { bench in
            #expect(await (try await WasmBench(bench)).backend.probe().isAvailable == (FileRestriction.kernelVersion > 0))
            let text = bench.directory.appending("libwasmtime.so")
            try HostDirectory.replace(text, with: Array("no library".utf8), survivesPowerLoss: false)
            chmod(text.string, 0o644)
            for path in ["/nowhere/libwasmtime.so", text.string, "/lib/\(machine)-linux-gnu/libm.so.6"] {
                let answer = await (try await WasmBench(bench, ["library_path": [path]])).backend.probe()
                guard case .unavailable(let reason, let remedy) = answer else {
                    Issue.record("\(path) was taken for Wasmtime")
                    continue
                }
                #expect(!reason.isEmpty && remedy.contains("install"), "\(reason); \(remedy)")
            }
        }
    }
}

#if arch(arm64)
    private let machine = "aarch64"
#else
    private let machine = "x86_64"
#endif

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " || $0 == "\t" }) }
}

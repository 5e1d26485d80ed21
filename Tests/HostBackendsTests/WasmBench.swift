import Foundation
import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

/// The module of Tests/Fixtures/module.c and what runs it.
struct WasmBench: Sendable {
    let bench: Bench
    let backend: WasmBackend
    private let module: [UInt8]

    private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

    /// Made once for all tests of this process.
    private static let fixtures = Task {
        let result = try await CommandRunner(keeper: try ProcessKeeper()).run(
            root.appending("Scripts/wasm-fixtures"), [],
            environment: ["PATH": String(cString: getenv("PATH")), "HOME": getenv("HOME").map { String(cString: $0) } ?? "/tmp"],
            deadline: .seconds(120))
        guard result.ending == .exited(0) else {
            throw SandboxError(.unavailable, "the fixtures cannot be made: \(result.errorText)", remedy: "run Scripts/setup test")
        }
        return FilePath(String(result.outputText.split(separator: "\n").last ?? ""))
    }

    init(_ bench: Bench, _ texts: [String: [String]] = [:]) async throws {
        self.bench = bench
        let fixtures = try await Self.fixtures.value
        module = Array(try Data(contentsOf: URL(fileURLWithPath: fixtures.appending("module.wasm").string)))
        var all = texts
        if all["library_path"] == nil {
            all["library_path"] = [try await Self.reachable(fixtures.appending(WasmRuntime.libraryName), bench).string]
        }
        let runner = Self.root.appending(".build/debug").appending(WasmRuntime.runnerName)
        all["runner_path"] = [try await Self.reachable(runner, bench).string]
        backend = WasmBackend(host: bench.host, settings: try WasmSettings(SettingTexts(all)))
    }

    /// The same files with another backend.
    init(_ other: WasmBench, backend: WasmBackend) {
        bench = other.bench
        module = other.module
        self.backend = backend
    }

    /// A checkout may lie where only its owner enters, and root's modules run as somebody else.
    private static func reachable(_ path: FilePath, _ bench: Bench) async throws -> FilePath {
        let user = try RestrictedHostSettings().runAs
        guard bench.isRoot, !HostPaths.canReach(path, as: user), let name = path.lastComponent else { return path }
        let copy = bench.directory.appending(name)
        _ = try await CommandRunner(keeper: bench.host.keeper).run("/bin/cp", [path.string, copy.string])
        return copy
    }

    /// A sandbox with the module in its workspace, as `app.wasm`.
    func sandbox(_ spec: SandboxSpec) async throws -> any Sandbox {
        let sandbox = try await backend.create(spec) { _ in }
        try await sandbox.files.write(module, to: "app.wasm", options: FileWriteOptions())
        return sandbox
    }
}

extension Sandbox {
    /// Runs the module to its end.
    func module(_ arguments: String..., input: [UInt8] = [], _ edit: (inout ExecRequest) -> Void = { _ in }) async throws -> ExecResult {
        var request = ExecRequest(.arguments(["app.wasm"] + arguments), timeout: .seconds(50))
        edit(&request)
        return try await run(request, input: input)
    }
}

/// A sandbox of its own for each test, and proof that nothing is left of it.
func withWasm(
    _ texts: [String: [String]] = [:], _ edit: (inout SandboxSpec) -> Void = { _ in },
    _ body: (WasmBench, any Sandbox) async throws -> Void
) async throws {
    try await withBench { bench in
        let wasm = try await WasmBench(bench, texts)
        var spec = bench.spec()
        edit(&spec)
        let sandbox = try await wasm.sandbox(spec)
        do {
            try await body(wasm, sandbox)
        } catch {
            try await sandbox.destroy()
            throw error
        }
        try await sandbox.destroy()
        try await bench.expectNothingLeft(of: sandbox.reference)
    }
}

import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The two files that run modules: our executable, and Wasmtime's library, which is installed apart.
struct WasmRuntime: Equatable {
    var runner: FilePath
    var library: FilePath

    static let runnerName = "sandlot-wasm"
    static let libraryName = "libwasmtime.so"
    /// What puts the library where it is looked for.
    static let remedy =
        "run `Scripts/install-wasmtime` (installed: `libexec/sandlot/install-wasmtime`), or set library_path in [backends.wasm]"

    /// The runner: the setting, else beside the running executable or in `../libexec/sandlot`. The library: the setting, else
    /// there too, else `/usr/local/lib/sandlot` or `wasm` of the data directory. What a setting says is taken at its word.
    static func locate(_ settings: WasmSettings, dataDirectory: FilePath) throws -> WasmRuntime {
        let runner = try find(
            settings.runner, in: InstalledFile.places(of: runnerName), mode: X_OK, what: "the executable \(runnerName)",
            remedy: "install it beside sandlot-guest, or set runner_path in [backends.wasm]")
        let places =
            InstalledFile.places(of: libraryName) + [
                FilePath("/usr/local/lib/sandlot").appending(libraryName), dataDirectory.appending("wasm").appending(libraryName),
            ]
        let library = try find(settings.library, in: places, mode: R_OK, what: "Wasmtime's library", remedy: remedy)
        return WasmRuntime(runner: runner, library: library)
    }

    private static func find(_ setting: FilePath?, in places: [FilePath], mode: Int32, what: String, remedy: String) throws -> FilePath {
        let candidates = setting.map { [$0] } ?? places
        guard let found = candidates.first(where: { access($0.string, mode) == 0 }), let text = realpath(found.string, nil) else {
            let names = candidates.map(\.string).joined(separator: ", ")
            throw SandboxError(
                .unavailable, "\(what) is not at \(names)", remedy: remedy, backend: WasmBackend.id)
        }
        defer { free(text) }
        return FilePath(String(cString: text))
    }

    /// What the runner, a program like any other, needs of the host to start.
    static let systemPaths = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"].map { FilePath($0) }
        .filter { HostDirectory.exists($0) }

    /// Runs a module of its own, which shows that runner and library understand each other.
    func trial(_ request: SpawnRequest, keeper: ProcessKeeper) async throws {
        var request = request
        request.executable = runner
        request.arguments = [runner.string, "--library", library.string, "--trial"]
        let process = try await keeper.spawn(request)
        let ending = try await withDeadline(.seconds(20), for: "the runtime's trial") { try await process.wait() }
        guard ending == .exited(7) else {
            throw SandboxError(
                .unavailable, "the runtime's trial ended with \(ending)",
                remedy:
                    "run `\(request.arguments.joined(separator: " "))` by hand: 7 is right; install the library again if it is another version",
                backend: WasmBackend.id)
        }
    }
}

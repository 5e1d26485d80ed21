import SandboxCore
import SystemPackage

/// One module with its arguments, as the runner takes it.
struct WasmCommand {
    /// The module, as the host calls it.
    var module: FilePath
    var directory: FilePath
    private let request: ExecRequest

    /// Programs that people ask for when they mean a shell line.
    private static let shells: Set<String> = ["sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "busybox"]

    /// `unsupported` for a shell line and for a program's name.
    init(_ request: ExecRequest, places: WasmPlaces) throws {
        self.request = request
        directory = request.workingDirectory.map { places.host($0, from: places.workspace) } ?? places.workspace
        if case .shell = request.command { throw Self.refusal("a shell line cannot run: there is no shell here") }
        guard let name = request.arguments.first, !name.isEmpty else {
            throw SandboxError(.invalidArgument, "exec \(request.id): there is no command to run", remedy: "name a module: app.wasm")
        }
        let path = FilePath(name)
        if let last = path.lastComponent?.string, Self.shells.contains(last) {
            throw Self.refusal("'\(name.prefix(80))' cannot run: there is no shell here")
        }
        module = places.host(path, from: directory)
    }

    static func refusal(_ what: String) -> SandboxError {
        SandboxError(
            .unsupported, "\(what); this backend runs WebAssembly modules of the workspace and nothing else",
            remedy: "name a module and its arguments (`-- app.wasm ARGUMENT…`), or choose a backend with programs (`-b bubblewrap`)",
            backend: WasmBackend.id)
    }

    /// Looks at the first bytes, so that what is no module is told as that. The runner looks again.
    func check(_ files: any SandboxFileSystem) async throws {
        let name = request.arguments.first ?? ""
        let head: [UInt8]
        do {
            head = try await files.read(module, offset: 0, length: 8)
        } catch let refusal as FileRefusal {
            switch refusal.reason {
            case .notFound, .notDirectory:
                guard module.extension == "wasm" else { throw Self.refusal("'\(name.prefix(80))' is no file of the workspace") }
                throw ExecStartFailure(.commandNotFound, "no such module in the workspace")
            default: throw ExecStartFailure(.commandNotExecutable, "the module \(name.prefix(200)) cannot be read: \(refusal.message)")
            }
        }
        guard head.count == 8, head.prefix(4) == [0, 0x61, 0x73, 0x6D] else {
            throw ExecStartFailure(
                .commandNotExecutable, "\(name.prefix(200)) is no WebAssembly module, and this backend runs nothing else")
        }
        guard head[4...] == [1, 0, 0, 0] else {
            throw ExecStartFailure(
                .commandNotExecutable,
                "\(name.prefix(200)) is a WebAssembly component or of another version; build a module for WASI preview 1 (wasm32-wasip1)")
        }
    }

    /// The request to the guest. A module's variables get a prefix, so that none of them reaches the loader or the runtime.
    func order(_ runtime: WasmRuntime, _ places: WasmPlaces, fuel: UInt64?) -> ExecRequest {
        let workspace = places.isReadOnly ? "--readable" : "--writable"
        var arguments = [runtime.runner.string, "--library", runtime.library.string]
        arguments += [workspace, places.workspace.string, WasmPlaces.workspaceName.string]
        // What the seam calls the workspace is valid for a module too.
        arguments += [workspace, places.workspace.string, places.workspace.string]
        arguments += ["--writable", places.temporary.string, WasmPlaces.temporaryName.string]
        // A relative path means the working directory; the runner holds it to the directories above.
        arguments += [directory.starts(with: places.temporary) ? "--writable" : workspace, ".", "."]
        if let memory = places.linearMemory { arguments += ["--memory", "\(memory)"] }
        if let fuel { arguments += ["--fuel", "\(fuel)"] }
        var order = request
        // The name that the module sees is the one that was asked for; where it lies is another matter.
        order.command = .arguments(arguments + ["--module", module.string, "--"] + request.arguments)
        order.workingDirectory = directory
        order.environment = Self.hidden(request.environment)
        return order
    }

    /// What every module finds beneath a sandbox' own environment.
    static let usualEnvironment = [
        "HOME": WasmPlaces.temporaryName.string, "TMPDIR": WasmPlaces.temporaryName.string, "LANG": "C.UTF-8", "TERM": "xterm-256color",
    ]

    static func hidden(_ environment: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: environment.map { ("SANDLOT_WASM_" + $0.key, $0.value) })
    }
}

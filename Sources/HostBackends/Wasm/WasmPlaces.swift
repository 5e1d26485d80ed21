import SandboxCore
import SystemPackage

/// What a sandbox' modules see, and where it is on the host; kept in the reference, for whoever takes the sandbox up later.
struct WasmPlaces: Equatable {
    var workspace: FilePath
    var temporary: FilePath
    var isReadOnly: Bool
    /// Bytes of linear memory that one module may have; nil is as many as it asks for.
    var linearMemory: UInt64?

    /// A module's names of the two.
    static let workspaceName: FilePath = "/workspace"
    static let temporaryName: FilePath = "/tmp"

    private static let readOnlyVariable = "SANDLOT_READ_ONLY"
    private static let memoryVariable = "SANDLOT_LINEAR_MEMORY"
    private static let temporaryVariable = "TMPDIR"

    /// What the runtime itself and a module's code take, as measured with some room, so that growth is refused to the module before the kernel
    /// kills it.
    private static let runtimeMemory: UInt64 = 40 << 20

    init(_ blueprint: PlainBlueprint, memory: UInt64?) {
        workspace = blueprint.workspace
        temporary = blueprint.base.appending("tmp")
        isReadOnly = blueprint.isWorkspaceReadOnly
        linearMemory = memory.map { $0 > 2 * Self.runtimeMemory ? $0 - Self.runtimeMemory : $0 / 2 }
    }

    /// Reads what `variables` wrote.
    init(_ locator: Locator) throws {
        guard let text = locator.variables[Self.temporaryVariable] else {
            throw SandboxError(.invalidArgument, "the reference does not say where the temporary directory is", backend: WasmBackend.id)
        }
        workspace = locator.workspace
        temporary = FilePath(text)
        isReadOnly = locator.variables[Self.readOnlyVariable] != nil
        linearMemory = locator.variables[Self.memoryVariable].flatMap { UInt64($0) }
    }

    /// They are in the environment of the runner too, where they mean nothing.
    var variables: [String: String] {
        var all = [Self.temporaryVariable: temporary.string]
        if isReadOnly { all[Self.readOnlyVariable] = "1" }
        if let linearMemory { all[Self.memoryVariable] = "\(linearMemory)" }
        return all
    }

    /// The host's path of what a module or a client calls `path`, from `directory` of the host. A path that leads nowhere here stays as it is:
    /// the confinement decides, not this.
    func host(_ path: FilePath, from directory: FilePath) -> FilePath {
        guard path.isAbsolute else { return directory.pushing(path) }
        // The workspace's own name may begin like one of a module's.
        if path.starts(with: workspace) { return path }
        var rest = path
        if rest.removePrefix(Self.temporaryName) { return temporary.pushing(rest) }
        return path.absolute(inWorkspace: workspace)
    }
}

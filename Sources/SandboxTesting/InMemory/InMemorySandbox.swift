import SandboxCore
import Synchronization
import SystemPackage

/// A sandbox that lives in this process: a small file system and built-in programs run by a small shell.
final class InMemorySandbox: Sandbox {
    private struct State {
        var execs: [ExecID: MemoryExec] = [:]
        var order: [ExecID] = []
        var used: Set<ExecID> = []
        /// Why it is gone.
        var gone: String?
    }

    let spec: SandboxSpec
    let reference: SandboxReference
    let workspacePath: FilePath
    let endsAt: Int64?
    private let machine: Machine
    private let faults: InMemoryFaults
    private let record: @Sendable (ExecRequest) -> Void
    private let state = Mutex(State())
    private let onDestroy: @Sendable (SandboxID) -> Void

    init(
        spec: SandboxSpec, backend: BackendID, endsAt: Int64?, clock: any Clock<Duration>, faults: InMemoryFaults,
        record: @escaping @Sendable (ExecRequest) -> Void, onDestroy: @escaping @Sendable (SandboxID) -> Void
    ) {
        self.spec = spec
        self.endsAt = endsAt
        self.faults = faults
        self.record = record
        self.onDestroy = onDestroy
        reference = SandboxReference(
            id: spec.id, backend: backend, owner: spec.owner, session: spec.session, locator: ["memory": spec.id.rawValue])
        workspacePath = spec.workspacePath ?? "/workspace"
        machine = Machine(disk: MemoryDisk(programs: Array(Programs.all.keys), workspace: workspacePath), clock: clock)
    }

    var isAlive: Bool { state.withLock { $0.gone == nil } }

    private func requireAlive() throws {
        if let reason = state.withLock({ $0.gone }) {
            throw SandboxError(.notFound, "sandbox \(spec.id) is gone: \(reason)", backend: reference.backend)
        }
    }

    var files: any SandboxFileSystem {
        MemoryFiles(disk: machine.disk, workspace: workspacePath) { [weak self] in
            guard let self else { throw SandboxError(.notFound, "the sandbox is gone") }
            try self.requireAlive()
        }
    }

    func start(_ request: ExecRequest) async throws -> any RunningExec {
        try requireAlive()
        try Task.checkCancellation()
        try await faults.beforeStart()
        guard request.terminal == nil else {
            throw SandboxError(.unsupported, "the in-memory backend has no terminals", backend: reference.backend)
        }
        guard request.user == nil else {
            throw SandboxError(.unsupported, "the in-memory backend has one user only", backend: reference.backend)
        }
        let environment = try self.environment(for: request)
        let directory = try workingDirectory(for: request)
        guard let name = request.arguments.first else { throw SandboxError(.invalidArgument, "a command needs at least a program") }
        guard !request.arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw SandboxError(.invalidArgument, "an argument holds a NUL byte")
        }
        try claim(request.id)
        let found: (program: Program, prefix: [String])
        do { found = try ProgramLookup.find(name, environment: environment, directory: directory, disk: machine.disk) } catch {
            // Nothing ran under this id, so it is free again.
            state.withLock { _ = $0.used.remove(request.id) }
            throw error
        }
        record(request)
        let exec = MemoryExec(
            request: request, program: found.program, arguments: found.prefix + request.arguments.dropFirst(), environment: environment,
            directory: directory, machine: machine)
        let gone = state.withLock { state -> String? in
            state.execs[request.id] = exec
            state.order.append(request.id)
            return state.gone
        }
        if let gone { exec.ask(.lose(reason: gone)) }
        return MemoryRunningExec(exec, from: .zero)
    }

    private func claim(_ id: ExecID) throws {
        guard state.withLock({ $0.used.insert(id).inserted }) else {
            throw SandboxError(
                .alreadyExists, "exec \(id) ran before", remedy: "choose a new id, or attach to it", backend: reference.backend)
        }
    }

    private func environment(for request: ExecRequest) throws -> [String: String] {
        let base = ["PATH": "/bin", "HOME": "/home/user", "USER": "user", "HOSTNAME": spec.hostname]
        let whole = base.merging(spec.environment) { $1 }.merging(request.environment) { $1 }
        for (name, value) in whole {
            guard !name.isEmpty, !name.contains("="), !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw SandboxError(
                    .invalidArgument, "'\(name.prefix(80))' cannot be the name of an environment variable",
                    remedy: "use a name without '=' and NUL, and a value without NUL")
            }
        }
        return whole
    }

    private func workingDirectory(for request: ExecRequest) throws -> [UInt8] {
        guard let wanted = request.workingDirectory else { return workspacePath.bytes }
        let path = wanted.absolute(inWorkspace: workspacePath).lexicallyNormalized()
        do {
            try machine.disk.tree.withLock { tree in
                let id = try tree.node(path.bytes)
                guard tree[id]?.kind == .directory else { throw FileRefusal(.notDirectory, path: path, message: "not a directory") }
            }
        } catch let refusal as FileRefusal {
            throw SandboxError(
                refusal.reason == .notFound ? .notFound : .invalidArgument, "cannot run in \(path)",
                remedy: "create the directory first", backend: reference.backend, cause: refusal)
        }
        return path.bytes
    }

    private func find(_ id: ExecID) throws -> MemoryExec {
        guard let exec = state.withLock({ $0.execs[id] }) else {
            throw SandboxError(.notFound, "sandbox \(spec.id) knows no exec \(id)", backend: reference.backend)
        }
        return exec
    }

    func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec {
        try requireAlive()
        return MemoryRunningExec(try find(exec), from: offsets)
    }

    func execs() async throws -> [ExecSnapshot] {
        try requireAlive()
        return state.withLock { state in state.order.compactMap { state.execs[$0]?.snapshot } }
    }

    func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws {
        try requireAlive()
        let found = try find(exec)
        if wholeTree { found.group.signalAll(signal) } else { found.leader.deliver(signal) }
    }

    func forget(_ exec: ExecID) async throws {
        try requireAlive()
        let found = try find(exec)
        guard found.log.ending != nil else {
            throw SandboxError(.conflict, "exec \(exec) still runs", remedy: "cancel it first", backend: reference.backend)
        }
        state.withLock { state in
            state.execs[exec] = nil
            state.order.removeAll { $0 == exec }
        }
    }

    func destroy() async throws {
        try await faults.beforeDestroy()
        await end("it was destroyed")
        onDestroy(spec.id)
    }

    /// Ends everything in it, as if the machine under it had died.
    func end(_ reason: String) async {
        let execs = state.withLock { state in
            if state.gone == nil { state.gone = reason }
            return Array(state.execs.values)
        }
        for exec in execs { exec.ask(.lose(reason: "the sandbox is gone: \(reason)")) }
        for exec in execs {
            await exec.ended()
            // What an ended exec left running goes too.
            await exec.group.killAll()
        }
    }

    /// Breaks what listens to execs, without touching them.
    func breakChannels() {
        for exec in state.withLock({ Array($0.execs.values) }) {
            exec.log.breakChannel(SandboxError(.unavailable, "the channel broke", remedy: "attach again", backend: reference.backend))
        }
    }
}

import SandboxCore
import Synchronization

/// What all processes of a sandbox share.
final class Machine: Sendable {
    let disk: MemoryDisk
    let clock: any Clock<Duration>
    private let lastProcess = Mutex<Int32>(1)
    private let groups = Mutex<[ProcessGroup]>([])

    init(disk: MemoryDisk, clock: any Clock<Duration>) {
        self.disk = disk
        self.clock = clock
    }

    func nextProcessID() -> Int32 {
        lastProcess.withLock { last in
            last += 1
            return last
        }
    }

    func add(_ group: ProcessGroup) { groups.withLock { $0.append(group) } }
    func remove(_ group: ProcessGroup) { groups.withLock { $0.removeAll { $0 === group } } }

    /// A living process of this sandbox.
    func process(_ id: Int32) -> MemoryProcess? {
        groups.withLock { $0 }.lazy.flatMap(\.alive).first { $0.id == id }
    }

    /// Every living process of this sandbox.
    var processes: [MemoryProcess] { groups.withLock { $0 }.flatMap(\.alive) }
}

/// The processes of one exec, whatever they did to get away from their parent.
final class ProcessGroup: Sendable {
    let machine: Machine
    private let members = Mutex<[MemoryProcess]>([])

    init(machine: Machine) { self.machine = machine }

    var alive: [MemoryProcess] {
        members.withLock { members in
            members.removeAll { $0.outcome != nil }
            return members
        }
    }

    /// Starts a program as a new process.
    func spawn(
        _ program: @escaping Program, arguments: [String], environment: [String: String], directory: [UInt8],
        descriptors: [Int: Descriptor], parent: MemoryProcess?
    ) -> MemoryProcess {
        let process = MemoryProcess(id: machine.nextProcessID(), parent: parent?.id ?? 1, ignoring: parent?.ignoredSignals ?? [])
        let context = ProcessContext(
            process: process, group: self, arguments: arguments, environment: environment, directory: directory, descriptors: descriptors)
        members.withLock { $0.append(process) }
        process.run { try await program(context) }
        return process
    }

    func signalAll(_ signal: ExecSignal) { for process in alive { process.deliver(signal) } }

    /// Returns when no process is left.
    func drained() async throws {
        while let process = alive.first { _ = try await process.ending() }
    }

    /// Ends everything and returns when nothing is left.
    func killAll() async {
        while let process = alive.first {
            signalAll(.kill)
            guard (try? await process.ending()) != nil else { return }
        }
    }
}

/// Finds what a word of a command line runs.
enum ProgramLookup {
    /// Throws `ExecStartFailure` with the shells' two reasons.
    static func find(
        _ name: String, environment: [String: String], directory: [UInt8], disk: MemoryDisk
    ) throws -> (program: Program, prefix: [String]) {
        guard !name.isEmpty else { throw ExecStartFailure(.commandNotFound, "an empty command was not found") }
        let bytes = Array(name.utf8)
        var candidates: [[UInt8]] = []
        if bytes.contains(0x2F) {
            candidates = [bytes.first == 0x2F ? bytes : directory + [0x2F] + bytes]
        } else {
            let path = environment["PATH"] ?? "/bin"
            candidates = path.split(separator: ":").map { Array($0.utf8) + [0x2F] + bytes }
        }
        var refusal: ExecStartFailure?
        for candidate in candidates {
            let content: [UInt8]
            do {
                content = try disk.tree.withLock { tree in
                    let id = try tree.node(candidate)
                    guard tree[id]?.kind == .regular, tree.allows(id, Access.execute) else {
                        throw ExecStartFailure(.commandNotExecutable, "'\(name)' is not executable")
                    }
                    return tree[id]?.bytes ?? []
                }
            } catch let failure as ExecStartFailure {
                refusal = failure
                continue
            } catch let refused as FileRefusal where refused.reason == .permissionDenied {
                refusal = ExecStartFailure(.commandNotExecutable, "'\(name)' may not be reached")
                continue
            } catch { continue }
            let firstLine = String(decoding: content.prefix { $0 != 0x0A }, as: UTF8.self)
            let base = String(decoding: candidate.split(separator: 0x2F).last ?? [], as: UTF8.self)
            if firstLine == "#!built-in", let program = Programs.all[base] { return (program, [name]) }
            guard firstLine.hasPrefix("#!") else {
                throw ExecStartFailure(.commandNotExecutable, "'\(name)' is in no format that can be executed")
            }
            let words = firstLine.dropFirst(2).split(separator: " ").map(String.init)
            guard let interpreter = words.first else {
                throw ExecStartFailure(.commandNotExecutable, "'\(name)' names no interpreter")
            }
            let inner = try find(interpreter, environment: environment, directory: directory, disk: disk)
            return (inner.program, inner.prefix + words.dropFirst() + [String(decoding: candidate, as: UTF8.self)])
        }
        throw refusal ?? ExecStartFailure(.commandNotFound, "'\(name)' was not found")
    }
}

import SandboxCore
import Synchronization

/// One process of an in-memory sandbox: a task that runs a built-in program, and what signals do to it.
final class MemoryProcess: Sendable {
    /// What a process does on a signal that it does not let kill it.
    enum Disposition: Sendable, Equatable {
        case ignored
        /// A shell's `trap`.
        case trapped(String)
    }

    private struct State {
        var outcome: ExecOutcome?
        var killedBy: ExecSignal?
        var dispositions: [Int32: Disposition] = [:]
        var pendingTraps: [String] = []
        var task: Task<Void, Never>?
    }

    let id: Int32
    let parent: Int32
    let bell = Bell()
    private let state: Mutex<State>

    init(id: Int32, parent: Int32, ignoring: Set<Int32> = []) {
        self.id = id
        self.parent = parent
        state = Mutex(State(dispositions: Dictionary(uniqueKeysWithValues: ignoring.map { ($0, Disposition.ignored) })))
    }

    var outcome: ExecOutcome? { state.withLock { $0.outcome } }
    var killedBy: ExecSignal? { state.withLock { $0.killedBy } }
    /// What children inherit.
    var ignoredSignals: Set<Int32> {
        state.withLock { state in Set(state.dispositions.compactMap { $0.value == .ignored ? $0.key : nil }) }
    }

    /// Starts the body; it ends the process.
    func run(_ body: @escaping @Sendable () async throws -> Int32) {
        let task = Task {
            let outcome: ExecOutcome
            do {
                let code = try await body()
                outcome = killedBy.map { .signaled($0, coreDumped: false) } ?? .exited(code: code & 0xFF)
            } catch let exit as ProcessExit {
                outcome = killedBy.map { .signaled($0, coreDumped: false) } ?? .exited(code: exit.code & 0xFF)
            } catch let death as ProcessDeath {
                outcome = .signaled(killedBy ?? death.signal, coreDumped: false)
            } catch is BrokenPipe {
                outcome = .signaled(killedBy ?? ProcessDeath.brokenPipe, coreDumped: false)
            } catch {
                outcome = .signaled(killedBy ?? .kill, coreDumped: false)
            }
            state.withLock { state in
                state.outcome = outcome
                state.task = nil
            }
            bell.ring()
        }
        let alreadyDead = state.withLock { state in
            guard state.outcome == nil else { return false }
            state.task = task
            return state.killedBy != nil
        }
        if alreadyDead { task.cancel() }
    }

    /// Waits for the end.
    func ending() async throws -> ExecOutcome {
        while true {
            let seen = bell.count
            if let outcome { return outcome }
            try await bell.wait(past: seen)
        }
    }

    func setDisposition(_ disposition: Disposition?, for signal: Int32) {
        guard signal != ExecSignal.kill.number else { return }
        state.withLock { $0.dispositions[signal] = disposition }
    }

    func takePendingTraps() -> [String] {
        state.withLock { state in
            defer { state.pendingTraps = [] }
            return state.pendingTraps
        }
    }

    var hasPendingTraps: Bool { state.withLock { !$0.pendingTraps.isEmpty } }

    /// Signals that do nothing unless asked for: child, continue, urgent, window size; stopping is not modelled.
    private static let harmless: Set<Int32> = [17, 18, 19, 20, 21, 22, 23, 28]

    func deliver(_ signal: ExecSignal) {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.outcome == nil else { return nil }
            switch state.dispositions[signal.number] {
            case .ignored?: return nil
            case .trapped(let command)?:
                state.pendingTraps.append(command)
                return nil
            case nil:
                guard !Self.harmless.contains(signal.number), state.killedBy == nil else { return nil }
                state.killedBy = signal
                return state.task
            }
        }
        task?.cancel()
        bell.ring()
    }
}

/// A program's own wish to end.
struct ProcessExit: Error { var code: Int32 }

/// A process' death by a signal that it brought upon itself.
struct ProcessDeath: Error {
    var signal: ExecSignal
    static let brokenPipe = (try? ExecSignal(number: 13)) ?? .kill
}

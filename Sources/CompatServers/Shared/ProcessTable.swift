import SandboxCore
import SandboxEngine
import Synchronization
import SystemPackage

/// Which exec a process number means: the services' protocols name processes by number.
final class ProcessTable: Sendable {
    struct Entry: Sendable {
        var exec: ExecID
        var processID: Int32
        var tag: String?
        var arguments: [String]
        var environment: [String: String]
        var workingDirectory: String?
        var hasTerminal: Bool
    }

    private struct State {
        var entries: [SessionID: [Int32: Entry]] = [:]
        /// Those whose end was told, but perhaps not recorded yet.
        var ended: [SessionID: Set<ExecID>] = [:]
    }
    private let state = Mutex(State())
    private let engine: Engine

    init(_ engine: Engine) { self.engine = engine }

    func add(_ entry: Entry, in session: SessionID) {
        state.withLock { $0.entries[session, default: [:]][entry.processID] = entry }
    }

    func end(_ exec: ExecID, _ process: Int32, in session: SessionID) {
        state.withLock { state in
            state.entries[session]?[process] = nil
            if state.entries[session]?.isEmpty == true { state.entries[session] = nil }
            state.ended[session, default: []].insert(exec)
        }
    }

    func forget(_ session: SessionID) {
        state.withLock { state in
            state.entries[session] = nil
            state.ended[session] = nil
        }
    }

    /// The running processes of a session; those that another server started are known by what the engine recorded.
    func running(in session: SessionID) async throws -> [Entry] {
        let live = try await engine.execs(in: session, includingEnded: false)
        let (known, ended) = state.withLock { state in
            // What is recorded as ended need not be remembered.
            let ended = (state.ended[session] ?? []).intersection(live.map(\.id))
            state.ended[session] = ended.isEmpty ? nil : ended
            return (state.entries[session] ?? [:], ended)
        }
        return live.filter { !ended.contains($0.id) }.compactMap { record in
            let mine = known.values.first { $0.exec == record.id }
            guard let process = mine?.processID ?? record.processID else { return nil }
            return mine
                ?? Entry(
                    exec: record.id, processID: process, tag: nil, arguments: record.arguments, environment: [:],
                    workingDirectory: record.workingDirectory?.string, hasTerminal: record.hasTerminal)
        }
    }

    func find(process: Int32?, tag: String?, in session: SessionID) async throws -> Entry? {
        let all = try await running(in: session)
        if let process { return all.first { $0.processID == process } }
        return tag.flatMap { tag in all.first { $0.tag == tag } }
    }
}

extension ExecRecord {
    /// What was run.
    var arguments: [String] { ExecRequest(command).arguments }
}

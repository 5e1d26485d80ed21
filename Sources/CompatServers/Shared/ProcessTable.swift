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

    private let entries = Mutex<[SessionID: [Int32: Entry]]>([:])
    private let engine: Engine

    init(_ engine: Engine) { self.engine = engine }

    func add(_ entry: Entry, in session: SessionID) {
        entries.withLock { $0[session, default: [:]][entry.processID] = entry }
    }

    func remove(_ process: Int32, in session: SessionID) {
        entries.withLock { table in
            table[session]?[process] = nil
            if table[session]?.isEmpty == true { table[session] = nil }
        }
    }

    func forget(_ session: SessionID) { entries.withLock { $0[session] = nil } }

    /// The running processes of a session; those that another server started are known by what the engine recorded.
    func running(in session: SessionID) async throws -> [Entry] {
        let live = try await engine.execs(in: session, includingEnded: false)
        let known = entries.withLock { $0[session] ?? [:] }
        return live.compactMap { record in
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
    var arguments: [String] {
        switch command {
        case .arguments(let list): list
        case .shell(let line): ["/bin/sh", "-c", line]
        }
    }
}

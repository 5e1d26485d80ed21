import GuestProtocol
import SandboxCore
import SystemPackage

extension ExecRequest {
    /// The order to the guest. Throws `invalidArgument` for what no kernel could take.
    func guestOrder(defaults: GuestExecDefaults, options: GuestChannelOptions) throws -> ExecStart {
        let list = arguments
        guard let program = list.first, !program.isEmpty else {
            throw SandboxError(.invalidArgument, "exec \(id): there is no command to run", remedy: "name a program")
        }
        if let timeout, timeout <= .zero {
            throw SandboxError(
                .invalidArgument, "exec \(id): a time limit of \(timeout) leaves no time to run", remedy: "use a positive limit, or none")
        }
        if user != nil && !defaults.canSwitchUser {
            throw SandboxError(
                .unsupported, "exec \(id): a sandbox of this backend has one user only",
                remedy: "leave the user out, or choose a backend with 'users'")
        }
        let merged = defaults.environment.merging(environment) { $1 }
        let directory = (workingDirectory ?? FilePath()).absolute(inWorkspace: defaults.workspacePath)
        return ExecStart(
            id: id.rawValue, arguments: try list.map { try wire($0, "an argument") },
            environment: try merged.sorted { $0.key < $1.key }.map { try variable($0.key, $0.value) },
            workingDirectory: directory.guestBytes, user: try wire(user ?? "", "the user"),
            terminal: terminal.map { WindowSize(columns: $0.columns, rows: $0.rows) }, hasInput: terminal != nil || input == .stream,
            timeout: timeout.map(\.millisecondsRoundedUp) ?? 0, killGrace: UInt32(clamping: killGrace.millisecondsRoundedUp),
            drainGrace: UInt32(clamping: drainGrace.millisecondsRoundedUp),
            ringCapacity: terminal == nil ? options.outputWindow : options.terminalWindow,
            overflow: terminal == nil ? .stall : .discardOldest, killsSurvivors: survivors == .kill)
    }

    private func wire(_ text: String, _ noun: String) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        guard !bytes.contains(0) else {
            throw SandboxError(
                .invalidArgument, "exec \(id): \(noun) holds a NUL byte", remedy: "pass binary data by standard input or a file")
        }
        return bytes
    }

    private func variable(_ name: String, _ value: String) throws -> [UInt8] {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")) else {
            throw SandboxError(
                .invalidArgument, "exec \(id): '\(name.prefix(80))' cannot name an environment variable", remedy: "use a name without '='")
        }
        return try wire(name, "an environment name") + [UInt8(ascii: "=")] + wire(value, "the environment variable \(name)")
    }
}

extension ExecEnd {
    /// The ending, or nil when the signal number is none.
    var ending: ExecEnding? {
        guard let outcome = outcome.execOutcome else { return nil }
        return ExecEnding(
            outcome: outcome, offsets: OutputOffsets(standardOutput: standardOutputEnd, standardError: standardErrorEnd),
            survivors: Int(survivors), duration: .microseconds(Int64(clamping: duration)),
            processorTime: .microseconds(Int64(clamping: processorTime)),
            peakMemory: peakMemory.multipliedReportingOverflow(by: 1024).overflow ? nil : peakMemory * 1024,
            memoryKills: memoryKills.map(Int.init))
    }
}

extension GuestOutcome {
    fileprivate var execOutcome: ExecOutcome? {
        switch self {
        case .exited(let code): return .exited(code: code)
        case .signaled(let number, let coreDumped):
            guard let signal = try? ExecSignal(number: number) else { return nil }
            return .signaled(signal, coreDumped: coreDumped)
        case .timedOut: return .timedOut
        case .cancelled: return .cancelled
        case .lost: return .lost(reason: "the guest lost sight of the command")
        }
    }
}

extension ExecStatus {
    /// The snapshot, or nil when a field cannot be right.
    var snapshot: ExecSnapshot? {
        guard let id = try? ExecID(validating: id) else { return nil }
        var ending: ExecEnding?
        if let end {
            guard let known = end.ending else { return nil }
            ending = known
        }
        return ExecSnapshot(
            id: id, processID: pid, standardOutput: standardOutput, standardError: standardError, hasTerminal: hasTerminal, ending: ending)
    }
}

extension OutputStream {
    /// A terminal's merged stream counts as standard output.
    var channel: OutputChannel { self == .standardError ? .standardError : .standardOutput }
}

public import SandboxCore

/// Everything of a `Sandbox` except its reference and its destruction, over a channel that is made again when it breaks.
///
/// While a channel is broken and the sandbox lives, execs go on and their events continue at the byte where they stopped. When the sandbox is
/// dead, execs end as `lost` and everything else throws `notFound`. A command is never started twice.
public final class GuestSandboxCore: Sendable {
    /// What execs and file calls start from.
    public let defaults: GuestExecDefaults
    private let sessions: SessionKeeper

    /// Composes the operations.
    ///
    /// - Parameters:
    ///   - channel: one that is open already, or nil to connect at the first use.
    ///   - reconnection: how often and how long a broken channel is tried.
    ///   - connect: opens a channel to the same guest.
    ///   - isAlive: whether the sandbox's process is still there; asked only before connecting.
    ///   - causeOfDeath: what is known of it, for people; asked when it is not alive.
    public init(
        defaults: GuestExecDefaults, channel: GuestChannel? = nil, reconnection: GuestReconnection = GuestReconnection(),
        connect: @escaping @Sendable () async throws -> GuestChannel, isAlive: @escaping @Sendable () async -> Bool,
        causeOfDeath: @escaping @Sendable () async -> String? = { nil }
    ) {
        self.defaults = defaults
        sessions = SessionKeeper(
            channel.map { GuestSession($0, defaults: defaults) }, reconnection: reconnection, isAlive: isAlive, causeOfDeath: causeOfDeath
        ) { GuestSession(try await connect(), defaults: defaults) }
    }

    /// The sandbox's files.
    public var files: any SandboxFileSystem {
        GuestFileSystem(workspacePath: defaults.workspacePath, retriesReads: true) { [sessions] in
            try await sessions.orGone { try await sessions.session() }
        }
    }

    /// Starts a command and returns when it runs. When the channel breaks before the answer, the guest is asked whether it knows the exec;
    /// if not, the start has failed with `unavailable` and nothing runs.
    public func start(_ request: ExecRequest) async throws -> any RunningExec {
        let session = try await sessions.orGone { try await sessions.session() }
        do {
            return try await session.start(request, recovery: sessions)
        } catch let error as SandboxError where error.code == .unavailable && session.channel.endReason != nil {
            return try await lookUp(request, after: error)
        }
    }

    private func lookUp(_ request: ExecRequest, after error: SandboxError) async throws -> any RunningExec {
        do {
            let fresh = try await sessions.session()
            guard try await fresh.execs().contains(where: { $0.id == request.id }) else {
                throw SandboxError(
                    .unavailable, "the channel broke while exec \(request.id) was to start; the guest does not know it, so nothing runs",
                    remedy: "start it again under a new id", cause: error)
            }
            let offsets = OutputOffsets.zero
            let stream = try ExecStream.attach(
                request.id, from: offsets, isTerminal: request.terminal != nil, mayBeginLater: false, over: fresh.link)
            let pid = try await stream.opened()
            return GuestExec(
                stream, processID: pid, acceptsInput: request.terminal != nil || request.input == .stream, owner: fresh, recovery: sessions)
        } catch let ended as SandboxEnded {
            throw SandboxError(
                .unavailable, "the sandbox died while exec \(request.id) was to start; nobody can tell whether it ran: \(ended.reason)",
                remedy: "make a new sandbox", cause: error)
        }
    }

    /// Takes up an exec, running or ended, at these offsets. Throws `notFound` when the sandbox does not know it.
    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec {
        try await sessions.repeatable { [sessions] session in
            try await session.attach(to: exec, from: offsets, recovery: sessions)
        }
    }

    /// The execs that the sandbox still knows.
    public func execs() async throws -> [ExecSnapshot] { try await sessions.repeatable { try await $0.execs() } }

    /// Signals an exec: its leader, or every process that descends from it.
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws {
        try await sessions.orGone { try await sessions.session() }.signal(exec, signal, wholeTree: wholeTree)
    }

    /// Lets the sandbox forget an ended exec and its output.
    public func forget(_ exec: ExecID) async throws { try await sessions.repeatable { try await $0.forget(exec) } }

    /// Lets the guest kill everything within `grace` and end. Returns when it says that nothing is left, or when the sandbox is gone.
    public func shutdown(grace: Duration) async throws {
        do {
            let session = try await sessions.session()
            do {
                try await session.shutdown(grace: grace)
            } catch let error as SandboxError where error.code == .unavailable && session.channel.endReason != nil {
                guard await sessions.isAlive() else { return }
                throw error
            }
        } catch is SandboxEnded {
            return
        }
    }

    /// Closes the channel for good; execs go on in the sandbox. Later calls throw `unavailable`.
    public func close() { sessions.close() }
}

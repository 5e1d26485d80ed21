public import GuestProtocol
public import SandboxCore

/// The operations of a sandbox over one channel. When the channel ends they throw its reason, mostly `unavailable`; nothing is tried twice.
public final class GuestSession: Sendable {
    /// What carries it.
    public let channel: GuestChannel
    /// What execs and file calls start from.
    public let defaults: GuestExecDefaults

    var link: FrameLink { channel.link }

    /// Speaks over a channel.
    public init(_ channel: GuestChannel, defaults: GuestExecDefaults) {
        self.channel = channel
        self.defaults = defaults
    }

    /// What the guest said of itself.
    public var hello: GuestHello { channel.hello }

    /// Whether the guest tells the chunks of files and looks at what it replaces.
    var knowsChunks: Bool { hello.capabilities.contains("chunks") }

    /// Whether the guest tells digests of folders.
    var knowsFolders: Bool { hello.capabilities.contains("folders") }
    /// Whether the guest tells what the files of an import look like once they are written.
    var tellsStamps: Bool { hello.capabilities.contains("stamps") }

    /// The sandbox's files.
    public var files: any SandboxFileSystem {
        GuestFileSystem(workspacePath: defaults.workspacePath, retriesReads: false) { self }
    }

    /// Starts a command and returns when it runs. Throws `ExecStartFailure`, `alreadyExists`, `invalidArgument`…
    public func start(_ request: ExecRequest) async throws -> any RunningExec {
        try await start(request, recovery: nil)
    }

    func start(_ request: ExecRequest, recovery: (any ExecRecovery)?) async throws -> GuestExec {
        let order = try request.guestOrder(defaults: defaults, options: link.options)
        try Task.checkCancellation()
        let stream = try ExecStream.start(order, id: request.id, over: link)
        let pid = try await stream.opened()
        return GuestExec(stream, processID: pid, acceptsInput: order.hasInput, owner: self, recovery: recovery)
    }

    /// Takes up an exec at these offsets. Throws `notFound` when the guest does not know it.
    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec {
        try await attach(to: exec, from: offsets, recovery: nil)
    }

    func attach(to exec: ExecID, from offsets: OutputOffsets, recovery: (any ExecRecovery)?) async throws -> GuestExec {
        // The list tells whether it has a terminal; asked in the same breath.
        let listing = try PlainRequest.send(.listExecs, over: link)
        let stream = try ExecStream.attach(exec, from: offsets, isTerminal: nil, mayBeginLater: true, over: link)
        let pid = try await stream.opened()
        let known = try snapshots(try await listing.response()).first { $0.id == exec }
        if let known { stream.learn(isTerminal: known.hasTerminal) }
        return GuestExec(stream, processID: pid, acceptsInput: true, owner: self, recovery: recovery)
    }

    /// The execs that the guest still knows.
    public func execs() async throws -> [ExecSnapshot] {
        try await asking("the list of execs") { try snapshots(try await PlainRequest.ask(.listExecs, over: link)) }
    }

    /// Signals an exec: its leader, or every process that descends from it.
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws {
        try await done(.signalExec(id: exec.rawValue, signal: signal.number, wholeTree: wholeTree), exec)
    }

    /// SIGTERM, grace, SIGKILL to the whole tree of an exec.
    public func cancel(_ exec: ExecID) async throws { try await done(.cancelExec(id: exec.rawValue), exec) }

    /// Lets the guest forget an ended exec. One that runs is refused.
    public func forget(_ exec: ExecID) async throws {
        do {
            try await done(.forgetExec(id: exec.rawValue), exec)
        } catch let error as SandboxError where error.code == .denied {
            throw SandboxError(.conflict, "exec \(exec) still runs, so it cannot be forgotten", remedy: "cancel it first", cause: error)
        }
    }

    /// Lets the guest kill everything within `grace` and end. Returns when it says that nothing is left.
    public func shutdown(grace: Duration) async throws {
        let request = GuestRequest.shutdown(grace: UInt32(clamping: grace.millisecondsRoundedUp))
        try await asking("the shutdown") {
            try (await PlainRequest.ask(request, over: link, within: grace + link.options.requestDeadline)).expectDone(link)
        }
    }

    /// Waits for the channel's end and returns why. Throws only `CancellationError`.
    public func waitUntilClosed() async throws -> SandboxError { try await channel.waitUntilClosed() }

    /// Ends the channel; execs go on.
    public func close() { channel.close() }

    private func done(_ request: GuestRequest, _ exec: ExecID) async throws {
        try await asking(exec.rawValue) { try (await PlainRequest.ask(request, over: link)).expectDone(link) }
    }

    private func asking<R>(_ subject: String, _ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let failure as GuestFailure {
            throw failure.execError(subject)
        }
    }

    private func snapshots(_ response: GuestResponse) throws -> [ExecSnapshot] {
        guard case .execs(let list) = response else { throw link.mismatch("execs") }
        return try list.map { status in
            guard let snapshot = status.snapshot else { throw link.mismatch("execs") }
            return snapshot
        }
    }
}

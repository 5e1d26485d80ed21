import SandboxAPI
public import SandboxCore
import SandboxHTTP

/// A command that runs on a server. Letting go of the value detaches; only `cancel` ends the command.
public final class RemoteExec: RunningExec {
    public let id: ExecID
    public let processID: Int32?
    private let client: SandlotClient
    private let session: String
    private let follower: ExecFollower

    init(
        _ client: SandlotClient, session: String, id: ExecID, processID: Int32?, from offsets: OutputOffsets,
        lines: LineStream<StreamEvent>?
    ) {
        self.client = client
        self.session = session
        self.id = id
        self.processID = processID
        follower = ExecFollower(client, session: session, exec: id, from: offsets, lines: lines)
    }

    /// Output and the end, across broken connections and restarts of the server. It throws `unavailable` only when the server stays away.
    public var events: ExecEvents {
        let follower = follower
        return ExecEvents { try await follower.next() }
    }

    /// Writes to standard input; returns when the server has passed the bytes on.
    public func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await input(bytes, close: false)
    }

    /// Ends standard input.
    public func closeInput() async throws { try await input([], close: true) }

    /// Signals the command itself.
    public func signal(_ signal: ExecSignal) async throws {
        try await client.signal(id, in: session, signal, wholeTree: false)
    }

    /// Changes the terminal's size.
    public func resize(_ size: TerminalSize) async throws {
        var call = call(.resizeExec)
        try call.send(ResizeBody(size))
        _ = try await client.send(call)
    }

    /// SIGTERM, grace, SIGKILL to the whole tree. The end comes as an event.
    public func cancel() async throws { _ = try await client.send(call(.cancelExec)) }

    /// Stops listening without touching the command.
    public func detach() async { await follower.stop() }

    private func input(_ bytes: [UInt8], close: Bool) async throws {
        var call = APICall(.writeInput, ["session": session, "exec": id.rawValue], wait: .work)
        if close { call.add("close", true) }
        call.body = .bytes(bytes, type: "application/octet-stream")
        _ = try await client.send(call)
    }

    private func call(_ route: APIRoute) -> APICall { APICall(route, ["session": session, "exec": id.rawValue]) }
}

extension SandlotClient {
    func signal(_ exec: ExecID, in session: String, _ signal: ExecSignal, wholeTree: Bool) async throws {
        var call = APICall(.signalExec, ["session": session, "exec": exec.rawValue])
        try call.send(SignalBody(signal: signal, tree: wholeTree))
        _ = try await send(call)
    }
}

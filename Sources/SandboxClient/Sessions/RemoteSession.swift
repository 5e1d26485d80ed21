public import SandboxAPI
public import SandboxCore
import SandboxHTTP

/// A session on a server.
public struct RemoteSession: Sendable {
    /// Its id, or the name by which it was asked for.
    public let id: String
    let client: SandlotClient

    /// As the server has it now. Throws `notFound`.
    public func record() async throws -> SessionBody { try await client.send(call(.getSession)) }

    /// Makes its sandbox, or takes it up.
    public func prepare() async throws -> SandboxBody { try await client.send(call(.prepareSession, wait: .work)) }

    /// Changes it; what cannot change is refused and nothing changes.
    public func change(_ change: SessionChange) async throws -> SessionBody {
        var call = call(.changeSession)
        try call.send(change)
        return try await client.send(call)
    }

    /// Counts it as used now, perhaps with another time to live.
    public func extend(_ extension: SessionExtension = SessionExtension()) async throws -> SessionBody {
        var call = call(.extendSession)
        try call.send(`extension`)
        return try await client.send(call)
    }

    /// Closes it and destroys its sandbox; without `force` a running command refuses with `conflict`.
    ///
    /// A synced workspace is brought out first; `discard` throws away what could not be.
    public func close(force: Bool = false, discard: Bool = false) async throws {
        var call = call(.deleteSession, wait: .work)
        if force { call.add("force", true) }
        if discard { call.add("discard", true) }
        _ = try await client.send(call)
    }

    /// Starts a command and returns when it runs. When the answer is lost on the way the command is looked for by its id. Only where the server
    /// knows nothing of it is it asked once more, under the same id, which never runs twice.
    public func start(_ request: ExecRequest) async throws -> RemoteExec {
        do {
            do {
                return try await begin(request)
            } catch let error as SandboxError where error.code == .unavailable || error.code == .timeout {
                if let found = try await taken(request.id, after: error) { return found }
                // A server that is slow may still be at it, so only a connection that broke is a reason to ask again.
                guard error.code == .unavailable else { throw error }
            }
            do {
                return try await begin(request)
            } catch let error as SandboxError where error.code == .alreadyExists {
                // The first request got there after all.
                return try await attach(to: request.id)
            } catch let error as SandboxError where error.code == .unavailable || error.code == .timeout {
                guard let found = try await taken(request.id, after: error) else { throw error }
                return found
            }
        } catch let error as CancellationError {
            await withdraw(request.id)
            throw error
        }
    }

    /// One request, until the server says that the command runs.
    private func begin(_ request: ExecRequest) async throws -> RemoteExec {
        var call = call(.startExec, wait: .answer)
        try call.send(ExecCreation(request, mode: .stream))
        let lines = LineStream<StreamEvent>(try await client.open(call).body)
        while let line = try await lines.next() {
            switch line {
            case .started(let exec, let process):
                return RemoteExec(client, session: id, id: exec, processID: process, from: .zero, lines: lines)
            case .keepalive: continue
            case .failure(let failure): throw failure.asError
            default: throw SandboxError(.protocolViolation, "the server tells of a command before its start")
            }
        }
        throw SandboxError(.unavailable, "the server broke off the start of \(request.id)", remedy: "look for the exec by its id")
    }

    /// The exec whose start had no answer; nil when the server knows none. Throws the start's error while the server cannot tell.
    private func taken(_ exec: ExecID, after error: SandboxError) async throws -> RemoteExec? {
        do {
            return try await attach(to: exec)
        } catch let failure as SandboxError where failure.code == .notFound {
            return nil
        } catch is SandboxError {
            throw error
        }
    }

    /// Whoever gave up on the start must not leave a command behind that the server was just about to start.
    private func withdraw(_ exec: ExecID) async {
        let call = call(.cancelExec, exec)
        // Owned and awaited: it has to be told although this task is cancelled.
        let telling = Task {
            for pause in [Duration.zero, .milliseconds(100), .milliseconds(400)] {
                try? await Task.sleep(for: pause)
                if (try? await client.send(call)) != nil { return }
            }
        }
        await telling.value
    }

    /// Takes up an exec, running or ended, at these offsets. Throws `notFound`.
    public func attach(to exec: ExecID, from offsets: OutputOffsets = .zero) async throws -> RemoteExec {
        let known: ExecBody = try await client.send(self.call(.getExec, exec))
        return RemoteExec(client, session: id, id: known.id, processID: known.process, from: offsets, lines: nil)
    }

    /// Runs a command to its end with the output in one answer, each stream up to `limit` bytes (at most 4 MiB).
    public func run(_ request: ExecRequest, input: [UInt8]? = nil, limit: Int = 1 << 20) async throws -> ExecResultBody {
        var creation = ExecCreation(request, mode: .wait)
        creation.stdin = input.map { WireBytes($0) }
        creation.outputLimit = limit
        var call = call(.startExec, wait: .work)
        try call.send(creation)
        return try await client.send(call)
    }

    /// Every exec of the session, oldest first, a page at a time.
    public func execs(onlyRunning: Bool = false) -> SandboxStream<ExecBody> {
        Pages { after in
            var call = self.call(.listExecs)
            if onlyRunning { call.add("running", true) }
            call.add("after", after)
            let page: ExecPage = try await client.send(call)
            return (page.execs, page.next?.rawValue)
        }.stream
    }

    /// Signals an exec's command itself, or every process that it started.
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool = false) async throws {
        try await client.signal(exec, in: id, signal, wholeTree: wholeTree)
    }

    /// Lets the session forget an ended exec and its output.
    public func forget(_ exec: ExecID) async throws { _ = try await client.send(call(.forgetExec, exec)) }

    /// Its files; relative paths mean the workspace.
    public var files: RemoteFiles { RemoteFiles(client, session: id) }

    func call(_ route: APIRoute, wait: APICall.Wait = .answer) -> APICall { APICall(route, ["session": id], wait: wait) }
    private func call(_ route: APIRoute, _ exec: ExecID) -> APICall { APICall(route, ["session": id, "exec": exec.rawValue]) }
}

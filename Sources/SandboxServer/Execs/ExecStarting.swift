import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `POST /v1/sessions/{session}/execs`: starts a command once, and answers as the request asks.
struct ExecStarting: Sendable {
    let desk: SessionDesk
    let quota: ExecQuota

    /// Bytes of each stream in an answer that waits.
    private static let outputLimit = 4 << 20

    func start(_ request: Request, _ context: ServerContext) async throws -> Response {
        let session = try await desk.sessionID(context)
        let body = try await request.decoded(ExecCreation.self)
        let key = try Self.key(request)
        if key != nil, body.id != nil {
            throw SandboxError(.invalidArgument, "an exec has an id or an idempotency key, not both", remedy: "leave one of them out")
        }
        let limit = try Count.check(body.outputLimit ?? 1 << 20, "outputLimit", 0...Self.outputLimit)
        let holder = try context.granted().holder
        let generated = key.map { ExecID.derived(from: [session.rawValue, holder, $0]) } ?? .random()
        let exec = try body.request(generated: generated)
        try await quota.admit(exec.id, holder: holder)
        let running: EngineExec
        do {
            running = try await desk.engine.start(session, exec)
        } catch let error as SandboxError where error.code == .alreadyExists && key != nil {
            let earlier = try await same(exec, in: session)
            running = try await desk.engine.attach(to: earlier.id, from: body.mode == .background ? nil : .zero)
            return try await answer(request, context, body, running, limit, feed: nil)
        }
        return try await answer(request, context, body, running, limit, feed: body.stdin?.bytes)
    }

    /// The command that ran under this key, if it is the same one.
    private func same(_ exec: ExecRequest, in session: SessionID) async throws -> ExecRecord {
        let earlier = try await desk.engine.exec(exec.id)
        guard earlier.session == session, earlier.command == exec.command, earlier.workingDirectory == exec.workingDirectory,
            earlier.user == exec.user, earlier.hasTerminal == (exec.terminal != nil)
        else {
            throw SandboxError(.conflict, "the idempotency key was used for another command", remedy: "use a new key for a new command")
        }
        if earlier.state == .refused {
            let why = earlier.failure ?? "it could not be started"
            if let status = earlier.refusalStatus {
                throw ExecStartFailure(status == ExitStatus.notFound ? .commandNotFound : .commandNotExecutable, why)
            }
            throw SandboxError(.conflict, "the command of this idempotency key never ran: \(why)", remedy: "use a new key to try again")
        }
        return earlier
    }

    private func answer(
        _ request: Request, _ context: ServerContext, _ body: ExecCreation, _ running: EngineExec, _ limit: Int, feed: [UInt8]?
    ) async throws -> Response {
        switch body.mode ?? .wait {
        case .background:
            if let feed { try await Self.feed(feed, running) }
            let record = try await desk.engine.exec(running.id)
            return try JSONAnswer.response(.created, ExecBody(record, available: desk.engine.outputExtent(of: running.id)))
        case .wait:
            let result = try await WhileAsked.run("exec \(running.id)") { try await running.collect(input: feed, limit: limit) }
            let record = try await desk.engine.exec(running.id)
            return try JSONAnswer.response(
                .ok,
                ExecResultBody(
                    exec: ExecBody(record, available: result.ending.offsets), stdout: WireBytes(result.standardOutput),
                    stderr: WireBytes(result.standardError), omitted: OffsetsBody(result.dropped)))
        case .stream:
            let events = running.events
            let stream = ExecStream(format: EventFormat(request), keepalive: desk.options.keepalive, requestID: context.requestID)
            if let feed, feed.count <= 64 << 10 {
                try await Self.feed(feed, running)
            } else if feed != nil {
                throw SandboxError(
                    .invalidArgument, "a streamed exec takes at most 64 KiB in 'stdin'",
                    remedy: "set 'input' and send it to the exec's stdin")
            }
            return stream.response(
                begin: .started(exec: running.id, process: running.processID), offsets: .zero,
                events: {
                    var iterator = events.makeAsyncIterator()
                    return try await iterator.next()
                }, afterwards: { await running.detach() })
        }
    }

    /// A command need not read what it is given.
    private static func feed(_ bytes: [UInt8], _ running: EngineExec) async throws {
        do {
            if !bytes.isEmpty { try await running.write(bytes) }
            try await running.closeInput()
        } catch let error as SandboxError where error.code == .conflict {}
    }

    private static func key(_ request: Request) throws -> String? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SandboxError(
                .invalidArgument, "the Idempotency-Key is not 1 to 128 printable characters", remedy: "use for example a UUID")
        }
        return key
    }
}

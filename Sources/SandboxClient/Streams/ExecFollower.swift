import SandboxAPI
import SandboxCore
import SandboxHTTP

/// Follows one exec: hands its events on in order, and takes the stream up again at its offsets when the connection breaks or the server says
/// farewell. No byte comes twice or is left out.
actor ExecFollower {
    private let client: SandlotClient
    private let session: String
    private let exec: ExecID
    private var offsets: OutputOffsets
    private var lines: LineStream<StreamEvent>?
    private var failures = 0
    private var isOver = false
    private var reading: Task<StreamEvent?, any Error>?

    init(_ client: SandlotClient, session: String, exec: ExecID, from offsets: OutputOffsets, lines: LineStream<StreamEvent>?) {
        self.client = client
        self.session = session
        self.exec = exec
        self.offsets = offsets
        self.lines = lines
    }

    /// The next event; nil after the end and after `stop`.
    func next() async throws -> ExecEvent? {
        while !isOver {
            do {
                let lines = try await opened()
                guard let event = try await read(lines) else { throw Broken(cause: nil) }
                if let told = try await take(event) { return told }
            } catch let broken as Broken {
                try await pause(broken.cause)
            } catch let error as SandboxError where error.code == .unavailable || error.code == .timeout {
                try await pause(error)
            }
        }
        return nil
    }

    /// Stops listening: a reader that waits gets nil.
    func stop() {
        isOver = true
        lines = nil
        reading?.cancel()
    }

    /// The connection ended without an end of the exec.
    private struct Broken: Error { var cause: SandboxError? }

    private func opened() async throws -> LineStream<StreamEvent> {
        if let lines { return lines }
        var call = APICall(.execEvents, ["session": session, "exec": exec.rawValue])
        call.add("stdout", offsets.standardOutput)
        call.add("stderr", offsets.standardError)
        let fresh = LineStream<StreamEvent>(try await client.open(call).body)
        lines = fresh
        return fresh
    }

    /// In a task of its own, which `stop` can cancel while the caller's goes on.
    private func read(_ lines: LineStream<StreamEvent>) async throws -> StreamEvent? {
        let task = Task { try await lines.next() }
        reading = task
        defer { reading = nil }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch let error as SandboxError where error.code == .protocolViolation {
            throw error
        } catch {
            try Task.checkCancellation()
            throw Broken(cause: error as? SandboxError)
        }
    }

    private func take(_ event: StreamEvent) async throws -> ExecEvent? {
        switch event {
        case .started, .keepalive: return nil
        case .output(let chunk):
            failures = 0
            let expected = offsets[chunk.channel]
            guard chunk.offset + UInt64(chunk.bytes.count) > expected else { return nil }
            let known = expected > chunk.offset ? Int(expected - chunk.offset) : 0
            let fresh = OutputChunk(
                channel: chunk.channel, offset: chunk.offset + UInt64(known), bytes: known == 0 ? chunk.bytes : Array(chunk.bytes[known...])
            )
            offsets[chunk.channel] = fresh.offset + UInt64(fresh.bytes.count)
            return .output(fresh)
        case .ended(let ending):
            isOver = true
            lines = nil
            return .ended(try ending.ending())
        case .notice(let notice):
            throw Broken(cause: SandboxError(.unavailable, notice.message, remedy: "take the stream up again"))
        case .failure(let failure):
            lines = nil
            let error = failure.asError
            // The server lost its way to a living sandbox: it finds it again for the next who asks.
            if let error = error as? SandboxError, error.code == .unavailable { throw Broken(cause: error) }
            isOver = true
            throw error
        }
    }

    private func pause(_ cause: SandboxError?) async throws {
        lines = nil
        guard !isOver else { return }
        failures += 1
        guard failures < client.patience.attempts else {
            isOver = true
            throw cause
                ?? SandboxError(.unavailable, "the server broke off the output of \(exec)", remedy: "attach to it again at its offsets")
        }
        try await Task.sleep(for: client.patience.pause * (1 << min(failures - 1, 6)))
    }
}

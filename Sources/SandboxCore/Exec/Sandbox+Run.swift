/// A finished command with its output, for callers that want it in one piece.
public struct ExecResult: Sendable, Equatable {
    public var ending: ExecEnding
    public var standardOutput: [UInt8]
    public var standardError: [UInt8]
    /// Bytes that exceeded the caller's cap and were dropped, per stream.
    public var dropped: OutputOffsets

    /// Creates a result.
    public init(ending: ExecEnding, standardOutput: [UInt8], standardError: [UInt8], dropped: OutputOffsets = .zero) {
        self.ending = ending
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.dropped = dropped
    }

    /// How the command ended.
    public var outcome: ExecOutcome { ending.outcome }
    /// Standard output as text; bytes that are not UTF-8 are replaced.
    public var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
    /// Standard error as text; bytes that are not UTF-8 are replaced.
    public var errorText: String { String(decoding: standardError, as: UTF8.self) }
}

extension Sandbox {
    /// Runs a command for as long as `body` lasts: when the body throws, returns early or its task is cancelled, the command's tree is killed.
    public func exec<R: Sendable>(_ request: ExecRequest, _ body: (any RunningExec) async throws -> R) async throws -> R {
        let exec = try await start(request)
        do {
            let result = try await body(exec)
            await Self.end(exec)
            return result
        } catch {
            await Self.end(exec)
            throw error
        }
    }

    /// Runs a command to its end and collects its output, each stream up to `limit` bytes.
    public func run(_ request: ExecRequest, input: [UInt8] = [], limit: Int = 16 << 20) async throws -> ExecResult {
        let streams = request.input == .stream || !input.isEmpty
        var prepared = request
        prepared.input = streams ? .stream : .none
        return try await exec(prepared) { exec in
            async let feeding: Void = Self.feed(input, to: exec, streams: streams)
            var collected = [OutputChannel.standardOutput: [UInt8](), .standardError: []]
            var dropped = OutputOffsets.zero
            for try await event in exec.events {
                switch event {
                case .output(let chunk):
                    let room = limit - (collected[chunk.channel]?.count ?? 0)
                    let kept = chunk.bytes.prefix(Swift.max(0, room))
                    collected[chunk.channel, default: []].append(contentsOf: kept)
                    dropped[chunk.channel] += UInt64(chunk.bytes.count - kept.count)
                case .ended(let ending):
                    try await feeding
                    return ExecResult(
                        ending: ending, standardOutput: collected[.standardOutput] ?? [], standardError: collected[.standardError] ?? [],
                        dropped: dropped)
                }
            }
            throw SandboxError(.protocolViolation, "the events of exec \(exec.id) stopped without an end")
        }
    }

    private static func feed(_ input: [UInt8], to exec: any RunningExec, streams: Bool) async throws {
        guard streams else { return }
        if !input.isEmpty { try await exec.write(input) }
        try await exec.closeInput()
    }

    /// Cancels what still runs; the work goes on although the calling task may be cancelled.
    private static func end(_ exec: any RunningExec) async {
        let ending = Task {
            try? await exec.cancel()
            await exec.detach()
        }
        await ending.value
    }
}

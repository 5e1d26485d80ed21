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
        return try await exec(prepared) { try await $0.collect(input: streams ? input : nil, limit: limit) }
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

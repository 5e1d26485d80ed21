extension RunningExec {
    /// Writes and closes standard input (nil leaves it alone), collects the output, each stream up to `limit` bytes, and waits for the end.
    ///
    /// A command need not read what it is given: input that it refuses because it has ended or has closed its input (`conflict`) is dropped.
    /// Any other failure to write is thrown, and the command is left as it is: who started it decides what becomes of it.
    public func collect(input: [UInt8]? = nil, limit: Int = 16 << 20) async throws -> ExecResult {
        guard let input else { return try await gather(limit) }
        return try await withThrowingTaskGroup(of: ExecResult?.self) { group in
            group.addTask { try await gather(limit) }
            group.addTask {
                try await feed(input)
                return nil
            }
            while let finished = try await group.next() {
                guard let result = finished else { continue }
                // Nobody reads any more: what is still to be written, or fails from now on, is of no interest.
                group.cancelAll()
                return result
            }
            throw eventsStopped
        }
    }

    private func gather(_ limit: Int) async throws -> ExecResult {
        var collected: [OutputChannel: [UInt8]] = [:]
        var dropped = OutputOffsets.zero
        for try await event in events {
            switch event {
            case .output(let chunk):
                let kept = chunk.bytes.prefix(Swift.max(0, limit - (collected[chunk.channel]?.count ?? 0)))
                collected[chunk.channel, default: []].append(contentsOf: kept)
                dropped[chunk.channel] += UInt64(chunk.bytes.count - kept.count)
            case .ended(let ending):
                return ExecResult(
                    ending: ending, standardOutput: collected[.standardOutput] ?? [], standardError: collected[.standardError] ?? [],
                    dropped: dropped)
            }
        }
        throw eventsStopped
    }

    private func feed(_ input: [UInt8]) async throws {
        do {
            if !input.isEmpty { try await write(input) }
            try await closeInput()
        } catch let error as SandboxError where error.code == .conflict {
            // The command has ended or reads no more.
        }
    }

    private var eventsStopped: SandboxError { SandboxError(.protocolViolation, "the events of exec \(id) stopped without an end") }
}

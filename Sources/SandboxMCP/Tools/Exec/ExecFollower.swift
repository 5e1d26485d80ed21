import SandboxCore
import SandboxEngine
import Synchronization

/// Feeds a command, watches what it prints and waits for its end, or until the caller's patience is over.
struct ExecFollower: Sendable {
    private let exec: EngineExec
    private let input: [UInt8]?
    private let patience: Duration?
    private let progress: ProgressReport?
    private let latest = LatestOutput()
    private let printed = PrintedSoFar()

    init(_ exec: EngineExec, input: [UInt8]?, patience: Duration?, progress: ProgressReport?) {
        self.exec = exec
        self.input = input
        self.patience = patience
        self.progress = progress
    }

    /// How much it has printed of each stream.
    func follow() async throws -> OutputOffsets {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await watch()
                return true
            }
            if let input {
                group.addTask {
                    // A command that ends without reading its input is no failure of ours.
                    try? await exec.write(input)
                    try? await exec.closeInput()
                    return false
                }
            }
            if let progress {
                group.addTask {
                    await progress.tell(latest)
                    return false
                }
            }
            if let patience {
                group.addTask {
                    try await Task.sleep(for: patience)
                    return true
                }
            }
            defer { group.cancelAll() }
            while let isOver = try await group.next(), !isOver {}
        }
        await exec.detach()
        if let progress { await progress.finish(latest) }
        return printed.offsets
    }

    /// Ends the command; goes on although the calling task may be cancelled.
    func end() async {
        let exec = exec
        let ending = Task {
            try? await exec.cancel()
            await exec.detach()
        }
        await ending.value
    }

    private func watch() async throws {
        for try await event in exec.events {
            switch event {
            case .output(let chunk):
                printed.note(chunk)
                latest.add(chunk.bytes)
            case .ended(let ending):
                printed.note(ending)
                return
            }
        }
    }
}

/// One past the last byte that was seen of each stream.
private final class PrintedSoFar: Sendable {
    private let state = Mutex(OutputOffsets.zero)

    var offsets: OutputOffsets { state.withLock { $0 } }

    func note(_ chunk: OutputChunk) { state.withLock { $0[chunk.channel] = chunk.offset + UInt64(chunk.bytes.count) } }
    func note(_ ending: ExecEnding) { state.withLock { $0 = ending.offsets } }
}

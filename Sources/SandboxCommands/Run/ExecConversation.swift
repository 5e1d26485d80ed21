import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A running command and our terminal, until the command has ended: output out, input in, signals through.
struct ExecConversation {
    let exec: any RunningExec
    let place: any SessionPlace
    let session: SessionID
    let passesInput: Bool
    /// Ours, when the command has one.
    let terminal: LocalTerminal?
    let context: CommandContext

    /// Returns how the command ended. When nobody reads our output any more the command is killed and `Errno.brokenPipe` is thrown.
    func untilEnd() async throws -> ExecEnding {
        let signals = context.signals.listen()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            if passesInput { group.addTask { await forwardInput() } }
            group.addTask { await forward(signals) }
            defer { group.cancelAll() }
            do {
                return try await pass()
            } catch {
                // Owned and awaited: the tree is killed although this task may be cancelled.
                let ending = Task { try? await exec.cancel() }
                await ending.value
                throw error
            }
        }
    }

    private func pass() async throws -> ExecEnding {
        for try await event in exec.events {
            switch event {
            case .output(let chunk):
                try await (chunk.channel == .standardOutput ? context.output : context.error).write(chunk.bytes)
            case .ended(let ending):
                return ending
            }
        }
        try Task.checkCancellation()
        throw SandboxError(.protocolViolation, "the events of exec \(exec.id) stopped without an end", remedy: "see `sandlot ps --all`")
    }

    /// A command need not read what it is given, so nothing that goes wrong here is an error.
    private func forwardInput() async {
        guard let input = try? InputStream(context.input) else { return }
        while let piece = try? await input.next(), !Task.isCancelled {
            guard (try? await exec.write(piece)) != nil else { return }
        }
        if !Task.isCancelled { try? await exec.closeInput() }
    }

    /// The first signal of a kind goes to every process of the command; the same again kills them.
    private func forward(_ signals: AsyncStream<Int32>) async {
        var seen: Set<Int32> = []
        for await number in signals {
            if number == SIGWINCH {
                if let terminal { try? await exec.resize(terminal.size) }
            } else if seen.insert(number).inserted, let signal = try? ExecSignal(number: number) {
                try? await place.signal(exec.id, in: session, signal)
            } else {
                try? await exec.cancel()
            }
        }
    }
}

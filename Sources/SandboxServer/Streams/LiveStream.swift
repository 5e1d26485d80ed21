import SandboxAPI
import ServiceLifecycle

/// Writes a source out for as long as somebody reads: with a sign of life in silence, and a typed notice when the server shuts down.
enum LiveStream {
    /// Pulls from `source` and hands each item to `write`, which returns false to stop. Ends when the source does, the reader goes, or the server
    /// shuts down.
    static func run<Element: Sendable>(
        keepalive: Duration, source: @escaping @Sendable () async throws -> Element?,
        write: (StreamMailbox<Element>.Item) async throws -> Bool
    ) async throws {
        let mailbox = StreamMailbox<Element>()
        let watch = ConnectionWatch.current
        let token = watch?.whenGone { mailbox.leave() }
        defer { watch?.forget(token) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await pump(source, into: mailbox) }
            group.addTask {
                while (try? await Task.sleep(for: keepalive)) != nil { mailbox.silence() }
            }
            group.addTask {
                try? await gracefulShutdown()
                guard !Task.isCancelled else { return }
                mailbox.notice(StreamEvent.Notice(.shutdown, "the server shuts down; take the stream up again at its offsets"))
            }
            defer {
                mailbox.leave()
                group.cancelAll()
            }
            try await withTaskCancellationHandler {
                var goesOn = true
                while goesOn {
                    let item = await mailbox.next()
                    if case .gone = item { return }
                    goesOn = try await write(item)
                    switch item {
                    case .end, .failure, .notice: goesOn = false
                    default: break
                    }
                }
            } onCancel: {
                mailbox.leave()
            }
        }
    }

    private static func pump<Element: Sendable>(
        _ source: @Sendable () async throws -> Element?, into mailbox: StreamMailbox<Element>
    ) async {
        do {
            while let element = try await source() {
                guard await mailbox.send(element) else { return }
            }
            mailbox.finish(nil)
        } catch {
            mailbox.finish(error)
        }
    }
}

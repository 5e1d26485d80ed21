import SandboxAPI
import ServiceLifecycle

/// Writes a source out for as long as somebody reads: with a sign of life in silence, and a typed notice when the server shuts down.
package enum LiveStream {
    /// Nobody takes what is sent any more.
    package struct Gone: Error {}

    /// Pulls from `source` and hands each item to `write`, which returns false to stop. Ends when the source does, the reader goes, or the server
    /// shuts down.
    static func run<Element: Sendable>(
        keepalive: Duration, source: @escaping @Sendable () async throws -> Element?,
        write: (StreamMailbox<Element>.Item) async throws -> Bool
    ) async throws {
        try await run(
            keepalive: keepalive, produce: { send in while let element = try await source() { try await send(element) } }, write: write)
    }

    /// The same for a source that sends by itself, one element after the other; `send` waits until the one before was written, and throws `Gone`.
    package static func run<Element: Sendable>(
        keepalive: Duration,
        produce: @escaping @Sendable (_ send: @escaping @Sendable (Element) async throws -> Void) async throws -> Void,
        write: (StreamMailbox<Element>.Item) async throws -> Bool
    ) async throws {
        let mailbox = StreamMailbox<Element>()
        let watch = ConnectionWatch.current
        let token = watch?.whenGone { mailbox.leave() }
        defer { watch?.forget(token) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await pump(produce, into: mailbox) }
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
        _ produce: @Sendable (_ send: @escaping @Sendable (Element) async throws -> Void) async throws -> Void,
        into mailbox: StreamMailbox<Element>
    ) async {
        do {
            try await produce { element in
                guard await mailbox.send(element) else { throw Gone() }
            }
            mailbox.finish(nil)
        } catch {
            mailbox.finish(error)
        }
    }
}

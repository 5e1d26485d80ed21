import SandboxCore
import Synchronization

/// A stream that is sent as a body, and why it failed when it did: the connection only tells that it broke.
final class WatchedSource<Element: Sendable>: Sendable {
    private let source: SandboxStream<Element>
    private let thrown = Mutex<(any Error)?>(nil)

    init(_ source: SandboxStream<Element>) { self.source = source }

    var stream: SandboxStream<Element> {
        SandboxStream { [self] in
            do {
                var iterator = source.makeAsyncIterator()
                return try await iterator.next()
            } catch {
                thrown.withLock { $0 = error }
                throw error
            }
        }
    }

    /// A cancellation is what follows when the server has answered early, so it is no reason.
    var failure: (any Error)? {
        thrown.withLock { error in
            error is CancellationError ? nil : error
        }
    }
}

/// Whether something is over.
final class Once: Sendable {
    private let state = Mutex(false)
    var isOver: Bool { state.withLock { $0 } }
    func finish() { state.withLock { $0 = true } }
}

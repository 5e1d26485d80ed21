import SandboxCore
import Synchronization

/// A list that comes in pages, as one stream.
struct Pages<Element: Sendable>: Sendable {
    /// The elements of the page behind a place, and the place of the next page.
    let load: @Sendable (_ after: String?) async throws -> (elements: [Element], next: String?)

    private struct State {
        var waiting: [Element] = []
        var after: String?
        var isLast = false
    }

    init(_ load: @escaping @Sendable (_ after: String?) async throws -> (elements: [Element], next: String?)) { self.load = load }

    var stream: SandboxStream<Element> {
        let place = Place()
        return SandboxStream {
            while true {
                if let element = place.state.withLock({ $0.waiting.popLast() }) { return element }
                let (after, isLast) = place.state.withLock { ($0.after, $0.isLast) }
                if isLast { return nil }
                let page = try await load(after)
                place.state.withLock { state in
                    state.waiting = page.elements.reversed()
                    state.after = page.next
                    state.isLast = page.next == nil
                }
            }
        }
    }

    private final class Place: Sendable {
        let state = Mutex(State())
    }
}

import SandboxCore
import Synchronization

/// A stream whose first element was asked for already, so that what cannot even begin is refused before anything is answered.
final class FirstPiece<Element: Sendable>: Sendable {
    private let stream: SandboxStream<Element>
    private let first: Mutex<Element?>
    private let isEmpty: Bool

    private init(_ stream: SandboxStream<Element>, first: Element?) {
        self.stream = stream
        self.first = Mutex(first)
        isEmpty = first == nil
    }

    static func of(_ stream: SandboxStream<Element>) async throws -> FirstPiece {
        var iterator = stream.makeAsyncIterator()
        return FirstPiece(stream, first: try await iterator.next())
    }

    func next() async throws -> Element? {
        if isEmpty { return nil }
        let waiting = first.withLock { first in
            defer { first = nil }
            return first
        }
        if let waiting { return waiting }
        var iterator = stream.makeAsyncIterator()
        return try await iterator.next()
    }
}

import SandboxCore
import Synchronization

/// Counts the bytes of a stream as they pass.
final class CountedStream: Sendable {
    private let source: SandboxStream<[UInt8]>
    private let passed = Mutex(0)

    init(_ source: SandboxStream<[UInt8]>) { self.source = source }

    var count: Int { passed.withLock { $0 } }

    var stream: SandboxStream<[UInt8]> {
        SandboxStream {
            var iterator = self.source.makeAsyncIterator()
            guard let piece = try await iterator.next() else { return nil }
            self.passed.withLock { $0 += piece.count }
            return piece
        }
    }
}

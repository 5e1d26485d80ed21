import SandboxCore
import Synchronization

/// What is on disk now of both streams, then the end where there is one.
final class PresentOutput: Sendable {
    private let parts: [SandboxStream<OutputChunk>]
    private let ending: ExecEnding?
    private let position = Mutex(0)

    init(_ parts: [SandboxStream<OutputChunk>], ending: ExecEnding?) {
        self.parts = parts
        self.ending = ending
    }

    func next() async throws -> ExecEvent? {
        while true {
            let index = position.withLock { $0 }
            if index < parts.count {
                var iterator = parts[index].makeAsyncIterator()
                if let chunk = try await iterator.next() { return .output(chunk) }
                position.withLock { $0 += 1 }
                continue
            }
            position.withLock { $0 += 1 }
            return index == parts.count ? ending.map { .ended($0) } : nil
        }
    }
}

/// The bytes of one stream up to a limit. A gap, where output was not kept, ends it: bytes behind it would pass for those before.
final class RawOutput: Sendable {
    private let source: SandboxStream<OutputChunk>
    private let state: Mutex<(offset: UInt64, left: UInt64)>

    init(_ source: SandboxStream<OutputChunk>, offset: UInt64, limit: UInt64) {
        self.source = source
        state = Mutex((offset, limit))
    }

    func next() async throws -> [UInt8]? {
        guard state.withLock({ $0.left }) > 0 else { return nil }
        var iterator = source.makeAsyncIterator()
        guard let chunk = try await iterator.next() else { return nil }
        return state.withLock { state in
            guard chunk.offset == state.offset else { return nil }
            let kept = chunk.bytes.prefix(Int(clamping: state.left))
            state.offset += UInt64(kept.count)
            state.left -= UInt64(kept.count)
            return Array(kept)
        }
    }
}

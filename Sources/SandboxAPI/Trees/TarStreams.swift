public import SandboxCore
import Synchronization

/// Tar streams as the seams' streams.
public enum TarStreams {
    /// The bytes of a tree.
    public static func bytes(of items: SandboxStream<TreeItem>) -> SandboxStream<[UInt8]> {
        let writer = Mutex<TarWriter?>(TarWriter())
        return SandboxStream {
            guard writer.withLock({ $0 != nil }) else { return nil }
            var iterator = items.makeAsyncIterator()
            if let item = try await iterator.next() { return try writer.withLock { try $0?.bytes(of: item) ?? [] } }
            return try writer.withLock { writer in
                defer { writer = nil }
                return try writer?.end()
            }
        }
    }

    /// The tree in a stream of bytes. It throws `invalidArgument` when the stream ends before the archive does.
    public static func items(of bytes: SandboxStream<[UInt8]>) -> SandboxStream<TreeItem> {
        let reader = Mutex(TarReader())
        return SandboxStream {
            while true {
                if let item = try reader.withLock({ try $0.item() }) { return item }
                var iterator = bytes.makeAsyncIterator()
                if reader.withLock({ $0.isAtEnd }) {
                    // The sender may still be writing what fills its last block.
                    while try await iterator.next() != nil {}
                    return nil
                }
                guard let piece = try await iterator.next() else {
                    throw SandboxError(.invalidArgument, "the tar archive is cut off", remedy: "send it whole, with its two last blocks")
                }
                reader.withLock { $0.feed(piece) }
            }
        }
    }
}

internal import Glibc
internal import GuestProtocol

/// What waits to be written to a channel: encoded frames, and at most one frame whose content still lies in an exec's ring.
struct ChannelOutbox {
    /// A frame that goes out without its content being copied.
    struct RingFrame {
        let stream: UInt32
        let header: [UInt8]
        var headerSent = 0
        let ring: ByteRing
        var offset: UInt64
        var remaining: Int
        /// The remaining content, once it cannot stay in the ring.
        var copy: [UInt8]?

        var hasBegun: Bool { headerSent > 0 }
        var left: Int { header.count - headerSent + remaining }
    }

    private var frames: [UInt8] = []
    private var head = 0
    private(set) var ringFrame: RingFrame?

    var pending: Int { frames.count - head }
    var isEmpty: Bool { pending == 0 && ringFrame == nil }

    mutating func append(_ frame: Frame) {
        append(header: Frame.header(kind: frame.kind, stream: frame.stream, length: frame.payload.count), frame.payload)
    }

    mutating func append(header: [UInt8], _ payload: [UInt8]) {
        if head > 1 << 20 {
            frames.removeFirst(head)
            head = 0
        }
        frames.append(contentsOf: header)
        frames.append(contentsOf: payload)
    }

    /// Goes out after the frames that wait now.
    mutating func set(_ frame: RingFrame) { ringFrame = frame }

    /// The stream gets nothing more, and its ring's bytes may go: a frame that has begun must be finished from a copy.
    mutating func withdraw(stream: UInt32) {
        guard var frame = ringFrame, frame.stream == stream else { return }
        guard frame.hasBegun else {
            ringFrame = nil
            return
        }
        if frame.copy == nil { frame.copy = frame.ring.bytes(from: frame.offset, count: frame.remaining) }
        ringFrame = frame
    }

    /// The ring gives up its bytes; the frame must do without it.
    mutating func keepCopy(stream: UInt32) {
        guard let frame = ringFrame, frame.stream == stream, frame.copy == nil else { return }
        ringFrame?.copy = frame.ring.bytes(from: frame.offset, count: frame.remaining)
    }

    /// One write; no progress means that the descriptor takes nothing for now, unless it is broken.
    mutating func writeSome(to descriptor: Int32) -> (progress: Int, isBroken: Bool) {
        let framesFirst = !(ringFrame?.hasBegun ?? false)
        let result = frames.withUnsafeBufferPointer { frames in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: 4) { vectors -> Int in
                var count = 0
                func add(_ base: UnsafeRawPointer?, _ length: Int) {
                    guard length > 0 else { return }
                    vectors.initializeElement(at: count, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: base), iov_len: length))
                    count += 1
                }
                if framesFirst, let base = frames.baseAddress { add(base + head, frames.count - head) }
                guard let frame = ringFrame else { return writev(descriptor, vectors.baseAddress, Int32(count)) }
                return frame.header.withUnsafeBufferPointer { header in
                    if let base = header.baseAddress { add(base + frame.headerSent, header.count - frame.headerSent) }
                    if let copy = frame.copy {
                        return copy.withUnsafeBufferPointer { copy in
                            if let base = copy.baseAddress { add(base + (copy.count - frame.remaining), frame.remaining) }
                            return writev(descriptor, vectors.baseAddress, Int32(count))
                        }
                    }
                    let (first, second) = frame.ring.slices(from: frame.offset, count: frame.remaining)
                    add(first.iov_base, first.iov_len)
                    add(second.iov_base, second.iov_len)
                    return writev(descriptor, vectors.baseAddress, Int32(count))
                }
            }
        }
        guard result >= 0 else { return (0, errno != EAGAIN && errno != EINTR) }
        consume(result, framesFirst: framesFirst)
        return (result, false)
    }

    private mutating func consume(_ written: Int, framesFirst: Bool) {
        var written = written
        if framesFirst {
            let count = min(written, pending)
            head += count
            written -= count
            if head == frames.count {
                frames.removeAll(keepingCapacity: frames.capacity <= 1 << 20)
                head = 0
            }
        }
        guard written > 0, var frame = ringFrame else { return }
        let header = min(written, frame.header.count - frame.headerSent)
        frame.headerSent += header
        frame.offset += UInt64(written - header)
        frame.remaining -= written - header
        ringFrame = frame.left == 0 ? nil : frame
    }
}

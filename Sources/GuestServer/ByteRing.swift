internal import CSandlotSystem
internal import Glibc

/// A window of a byte stream, addressed by the stream's offsets. Its memory grows with its content up to a limit and is not inherited by
/// forked processes, so that starting a command costs the same however much output is kept.
final class ByteRing {
    /// What one attempt to read gave.
    enum Filling: Equatable {
        case bytes(Int)
        case nothingNow
        case end
        /// The ring has no room.
        case full
    }

    private static let smallest = 64 << 10

    /// Content is never more than this.
    let limit: Int
    /// The offset of the first byte kept.
    private(set) var start: UInt64 = 0
    /// One past the last byte.
    private(set) var end: UInt64 = 0
    private var memory: UnsafeMutableRawPointer?
    /// A power of two, or 0.
    private var size = 0

    init(limit: Int) { self.limit = limit }

    deinit { freeMemory() }

    /// Bytes kept.
    var count: Int { Int(end - start) }
    /// Bytes of memory held.
    var footprint: Int { size }
    /// True when nothing more fits without dropping something.
    var isFull: Bool { count >= limit }

    /// Forgets everything below `offset`.
    func release(below offset: UInt64) {
        if offset > start { start = min(offset, end) }
    }

    /// Forgets everything and gives the memory back.
    func clear() {
        start = end
        freeMemory()
    }

    /// Gives back memory that the content does not need.
    func shrink() {
        if count == 0 { return clear() }
        let wanted = ByteRing.powerOfTwo(atLeast: max(count, 4096))
        if wanted < size { resize(to: wanted) }
    }

    /// Reads what is there, at most `atMost` bytes, from a non-blocking descriptor. With `discarding` the oldest bytes make room.
    func fill(from descriptor: Int32, atMost: Int, discarding: Bool) -> Filling {
        let available = Int(sandlot_readable_bytes(descriptor))
        if available <= 0 { return readOne(from: descriptor, discarding: discarding) }
        var wanted = min(available, atMost, limit)
        if discarding {
            let (excess, none) = (end + UInt64(wanted)).subtractingReportingOverflow(UInt64(limit))
            if !none { release(below: excess) }
        }
        wanted = min(wanted, limit - count)
        guard wanted > 0 else { return .full }
        guard reserve(wanted) else { return .full }
        let vectors = slices(from: end, count: wanted)
        let got = withUnsafePointers(vectors) { readv(descriptor, $0, $1) }
        guard got >= 0 else { return ByteRing.isTransient ? .nothingNow : .end }
        end += UInt64(got)
        return got == 0 ? .end : .bytes(got)
    }

    /// Copies a range that is kept.
    func bytes(from offset: UInt64, count: Int) -> [UInt8] {
        let (first, second) = slices(from: offset, count: count)
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for slice in [first, second] where slice.iov_len > 0 {
            copy.append(contentsOf: UnsafeRawBufferPointer(start: slice.iov_base, count: slice.iov_len))
        }
        return copy
    }

    /// Where `count` bytes from `offset` lie; they wrap at most once.
    func slices(from offset: UInt64, count: Int) -> (iovec, iovec) {
        guard let memory, count > 0 else { return (iovec(), iovec()) }
        let index = Int(offset & UInt64(size - 1))
        let head = min(count, size - index)
        return (iovec(iov_base: memory + index, iov_len: head), iovec(iov_base: memory, iov_len: count - head))
    }

    /// End of stream and "nothing now" look alike before the read; neither is worth allocating the ring.
    private func readOne(from descriptor: Int32, discarding: Bool) -> Filling {
        if !discarding && isFull { return .full }
        return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { scratch in
            let got = read(descriptor, scratch.baseAddress, min(scratch.count, discarding ? 256 : limit - count))
            guard got > 0 else { return got < 0 && ByteRing.isTransient ? .nothingNow : .end }
            if discarding, count + got > limit { release(below: end + UInt64(got) - UInt64(limit)) }
            guard reserve(got) else { return .full }
            let (first, second) = slices(from: end, count: got)
            guard let source = scratch.baseAddress, let target = first.iov_base else { return .full }
            memcpy(target, source, first.iov_len)
            if second.iov_len > 0, let start = second.iov_base { memcpy(start, source + first.iov_len, second.iov_len) }
            end += UInt64(got)
            return .bytes(got)
        }
    }

    private static var isTransient: Bool { errno == EAGAIN || errno == EINTR }

    private func reserve(_ room: Int) -> Bool {
        if count + room <= size { return true }
        // Twice what is needed, so that a busy stream settles at its size after a few steps.
        let wanted = ByteRing.powerOfTwo(atLeast: max(min(2 * (count + room), limit), ByteRing.smallest))
        return resize(to: max(wanted, ByteRing.powerOfTwo(atLeast: count + room)))
    }

    @discardableResult
    private func resize(to newSize: Int) -> Bool {
        guard let fresh = sandlot_map_private(newSize) else { return false }
        let (first, second) = slices(from: start, count: count)
        let target = Int(start & UInt64(newSize - 1))
        var written = 0
        for slice in [first, second] where slice.iov_len > 0 {
            guard let base = slice.iov_base else { continue }
            let at = (target + written) & (newSize - 1)
            let head = min(slice.iov_len, newSize - at)
            memcpy(fresh + at, base, head)
            if head < slice.iov_len { memcpy(fresh, base + head, slice.iov_len - head) }
            written += slice.iov_len
        }
        freeMemory()
        memory = fresh
        size = newSize
        return true
    }

    private func freeMemory() {
        if let memory { sandlot_unmap(memory, size) }
        memory = nil
        size = 0
    }

    private static func powerOfTwo(atLeast value: Int) -> Int {
        value <= 1 ? 1 : 1 << (Int.bitWidth - (value - 1).leadingZeroBitCount)
    }

    private func withUnsafePointers<R>(_ vectors: (iovec, iovec), _ body: (UnsafePointer<iovec>, Int32) -> R) -> R {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { list in
            list.initializeElement(at: 0, to: vectors.0)
            list.initializeElement(at: 1, to: vectors.1)
            guard let base = UnsafePointer(list.baseAddress) else { return body([vectors.0], 1) }
            return body(base, vectors.1.iov_len > 0 ? 2 : 1)
        }
    }
}

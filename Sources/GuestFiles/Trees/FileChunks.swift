internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// Tells the pieces of a file, so that a host which has most of them moves only the others.
enum FileChunks {
    private static let recordSize = 36

    static func send(_ path: [UInt8], to conversation: Conversation) throws {
        let file = try Reading.open(path)
        posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
        let longest = Int(SANDLOT_LONGEST_CHUNK)
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * longest, alignment: 4096)
        defer { window.deallocate() }
        var (start, end) = (0, 0)
        var position: Int64 = 0
        var isAtEnd = false
        var records: [UInt8] = []
        while true {
            if !isAtEnd, end - start < longest {
                window.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[start..<end]))
                (start, end) = (0, end - start)
                let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: window[end...]), at: position, path)
                position += Int64(count)
                isAtEnd = count < window.count - end
                end += count
                try conversation.checkStopped()
            }
            guard start < end else { break }
            let rest = UnsafeRawBufferPointer(rebasing: window[start..<end])
            let length = sandlot_chunk_end(rest.bindMemory(to: UInt8.self).baseAddress, rest.count)
            var hash = ContentHash()
            hash.update(UnsafeRawBufferPointer(rebasing: rest[..<length]))
            for shift in [0, 8, 16, 24] { records.append(UInt8(truncatingIfNeeded: length >> shift)) }
            records += hash.finish()
            start += length
            if records.count >= 1024 * recordSize {
                try conversation.send(content: records)
                records = []
            }
        }
        try conversation.send(content: records)
    }
}

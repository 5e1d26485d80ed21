/// Compares a stream with one block repeated, whole blocks' pieces at a time.
struct RepeatedBlock {
    private let twice: [UInt8]
    private let length: Int
    /// Bytes so far.
    private(set) var count = 0

    init(_ block: [UInt8]) {
        twice = block + block
        length = block.count
    }

    mutating func accepts(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(length)
            let start = count % length
            // Array slices compare by memory where elementsEqual would walk byte by byte.
            guard Array(piece) == Array(twice[start..<start + piece.count]) else { return false }
            count += piece.count
            rest = rest.dropFirst(piece.count)
        }
        return true
    }
}

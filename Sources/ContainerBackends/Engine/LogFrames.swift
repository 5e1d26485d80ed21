/// Text out of an engine's log answer, whose pieces carry 8-byte headers where the container has no terminal.
enum LogFrames {
    static func text(_ bytes: [UInt8]) -> String {
        var plain: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= 8, let kind = rest.first, kind <= 2, rest.dropFirst().prefix(3).allSatisfy({ $0 == 0 }) {
            let length = rest.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | Int($1) }
            plain += rest.dropFirst(8).prefix(length)
            rest = rest.dropFirst(8 + length)
        }
        plain += rest
        return String(decoding: plain, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
    }
}

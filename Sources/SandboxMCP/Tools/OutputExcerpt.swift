import SandboxCore
import SandboxEngine

/// A stream of an exec cut to a budget: its beginning, its end, and the offsets between which the rest lies.
struct OutputExcerpt: Sendable {
    var text: String
    /// Bytes of the whole stream so far.
    var total: UInt64
    /// What was left out, if anything.
    var omitted: Range<UInt64>?
    /// Bytes that nobody can read any more.
    var dropped: UInt64

    /// Reads the beginning and the end of what was printed so far. More of the end than of the beginning: that is where the failure stands.
    static func whole(
        _ channel: OutputChannel, of record: ExecRecord, printed: OutputOffsets, budget: Int, _ engine: Engine
    ) async throws -> OutputExcerpt {
        let total = printed[channel]
        let dropped = record.dropped[channel]
        let size = total - min(total, dropped)
        let head = try await read(channel, of: record.id, from: 0, limit: size <= UInt64(budget) ? budget : budget / 4, engine).bytes
        guard size > UInt64(head.count) else {
            return OutputExcerpt(text: String(decoding: head, as: UTF8.self), total: total, omitted: nil, dropped: dropped)
        }
        let wanted = UInt64(budget - budget / 4)
        let tail = try await read(channel, of: record.id, from: size - min(size, wanted), limit: Int(wanted), engine)
        let (first, last) = (TextCut.beginning(head), TextCut.end(tail.bytes))
        let end = tail.offset + UInt64(tail.bytes.count - last.count)
        guard end > UInt64(first.count) else {
            return OutputExcerpt(text: String(decoding: first + last, as: UTF8.self), total: total, omitted: nil, dropped: dropped)
        }
        let omitted = UInt64(first.count)..<end
        let marker =
            "\n[… \(omitted.count) bytes left out: exec_output with \(channel.rawValue)_offset \(omitted.lowerBound) reads them …]\n"
        let text = String(decoding: first, as: UTF8.self) + marker + String(decoding: last, as: UTF8.self)
        return OutputExcerpt(text: text, total: total, omitted: omitted, dropped: dropped)
    }

    /// What is on disk from an offset on, in one piece of at most `limit` bytes; where nothing was kept it begins later.
    static func read(
        _ channel: OutputChannel, of id: ExecID, from offset: UInt64, limit: Int, _ engine: Engine
    ) async throws -> (offset: UInt64, bytes: [UInt8]) {
        var bytes: [UInt8] = []
        var start = offset
        for try await chunk in try await engine.output(of: id, channel: channel, from: offset) {
            if bytes.isEmpty { start = chunk.offset }
            guard chunk.offset == start + UInt64(bytes.count), bytes.count < limit else { break }
            bytes += chunk.bytes.prefix(limit - bytes.count)
        }
        return (start, bytes)
    }

    var data: JSON {
        var members = JSON.Members([("text", .string(text)), ("total_bytes", .count(total))])
        if let omitted { members["omitted"] = ["from": .count(omitted.lowerBound), "to": .count(omitted.upperBound)] }
        if dropped > 0 { members["dropped_bytes"] = .count(dropped) }
        return .object(members)
    }
}

/// Cuts bytes where a character ends.
enum TextCut {
    /// Without a character that is not complete at the end. Bytes that are no text stay as they are.
    static func beginning(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            guard byte & 0xC0 != 0x80 else { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? bytes.dropLast(back) : bytes[...]
        }
        return bytes[...]
    }

    /// Without the rest of a character at the beginning.
    static func end(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let rest = bytes.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count
        return bytes.dropFirst(rest)
    }
}

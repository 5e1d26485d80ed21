import NIOCore
import SandboxCore

/// The head of a call or of an answer, as it came.
struct MessageHead: Sendable {
    var first: String
    var fields: [(name: String, value: String)]

    init(_ text: String) {
        var lines = text.split(separator: "\r\n").map(String.init)
        first = lines.isEmpty ? "" : lines.removeFirst()
        fields = lines.compactMap { line in
            line.firstIndex(of: ":").map { colon in
                (String(line[..<colon]), line[line.index(after: colon)...].drop { $0 == " " }.description)
            }
        }
    }

    static func answer(_ status: Int, _ headers: [String: String], _ text: String, _ type: String) -> [UInt8] {
        var head = MessageHead("HTTP/1.1 \(status) Made up")
        for (name, value) in headers { head.set(name, value) }
        head.set("Content-Type", type)
        head.set("Content-Length", "\(text.utf8.count)")
        head.set("Connection", "close")
        return head.bytes + Array(text.utf8)
    }

    var bytes: [UInt8] { Array((([first] + fields.map { "\($0.name): \($0.value)" }).joined(separator: "\r\n") + "\r\n\r\n").utf8) }

    /// Of a call: method and path.
    var call: String { first.split(separator: " ").prefix(2).joined(separator: " ").prefix { $0 != "?" }.description }
    /// Of an answer.
    var status: Int { first.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
    var isUpgrade: Bool { self["Upgrade"] != nil }
    var mayHaveBody: Bool { ["POST", "PUT", "PATCH"].contains { first.hasPrefix($0) } }

    subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

    mutating func set(_ name: String, _ value: String?) {
        fields.removeAll { $0.name.lowercased() == name.lowercased() }
        if let value { fields.append((name, value)) }
    }

    var records: RecordKind? {
        if status == 101 { return .frame }
        let type = self["Content-Type"] ?? ""
        return type.hasPrefix("application/x-ndjson") ? .line : type.hasPrefix("application/connect+json") ? .connect : nil
    }
}

/// Reads one message of a connection: its head, then its body without the chunks' frames.
struct MessageReader {
    private enum Framing {
        case counted(Int)
        case chunked
        case toTheEnd
    }

    private var source: AsyncStream<ByteBuffer>.AsyncIterator
    private var buffer: [UInt8] = []
    private var framing = Framing.counted(0)

    init(_ source: AsyncStream<ByteBuffer>) { self.source = source.makeAsyncIterator() }

    mutating func head() async throws -> MessageHead? {
        while true {
            if let end = buffer.indices.first(where: { buffer[$0...].starts(with: [13, 10, 13, 10]) }) {
                let head = MessageHead(String(decoding: buffer[..<end], as: UTF8.self))
                buffer.removeFirst(end + 4)
                let isAnswer = head.first.hasPrefix("HTTP/")
                if head["Transfer-Encoding"]?.contains("chunked") == true {
                    framing = .chunked
                } else if let count = head["Content-Length"].flatMap({ Int($0) }) {
                    framing = .counted(count)
                } else {
                    framing = isAnswer && ![204, 304].contains(head.status) ? .toTheEnd : .counted(0)
                }
                return head
            }
            guard await more() else { return nil }
        }
    }

    /// The next piece of the body; nil at its end. Throws when the connection ends before it.
    mutating func piece() async throws -> [UInt8]? {
        switch framing {
        case .counted(0): return nil
        case .counted(let left):
            if buffer.isEmpty { try await require() }
            let piece = Array(buffer.prefix(left))
            buffer.removeFirst(piece.count)
            framing = .counted(left - piece.count)
            return piece
        case .toTheEnd: return await rest()
        case .chunked:
            while true {
                if let end = buffer.indices.first(where: { buffer[$0...].starts(with: [13, 10]) }) {
                    guard let size = Int(String(decoding: buffer[..<end], as: UTF8.self), radix: 16) else { throw Broken() }
                    while buffer.count < end + 2 + size + 2 { try await require() }
                    let piece = Array(buffer[(end + 2)..<(end + 2 + size)])
                    buffer.removeFirst(end + 2 + size + 2)
                    if size > 0 { return piece }
                    framing = .counted(0)
                    return nil
                }
                try await require()
            }
        }
    }

    /// Whatever comes next.
    mutating func rest() async -> [UInt8]? {
        if buffer.isEmpty { guard await more() else { return nil } }
        defer { buffer = [] }
        return buffer
    }

    private mutating func require() async throws { guard await more() else { throw Broken() } }

    private mutating func more() async -> Bool {
        guard let piece = await source.next() else { return false }
        buffer += piece.readableBytesView
        return true
    }

    private struct Broken: Error {}
}

/// Writes an answer to the client, as the fault has it.
struct AnswerWriter {
    private let connection: ProxiedConnection
    private let fault: ProxyFault?

    init(_ connection: ProxiedConnection, _ fault: ProxyFault?) {
        self.connection = connection
        self.fault = fault
    }

    func write(_ head: MessageHead, _ server: inout MessageReader) async throws {
        var head = head
        let isRaw = head.status == 101
        switch fault {
        case .loseAnswer:
            while try await server.piece() != nil {}
            return
        case .answerInstead(let status, let text, let type):
            return try await connection.send(MessageHead.answer(status, [:], text, type))
        case .reword(let old, let new):
            var body: [UInt8] = []
            while let piece = try await server.piece() { body += piece }
            let text = String(decoding: body, as: UTF8.self).replacing(old, with: new)
            return try await connection.send(MessageHead.answer(head.status, [:], text, head["Content-Type"] ?? ""))
        default: break
        }
        let hasBody = ![204, 304].contains(head.status)
        if !isRaw {
            head.set("Content-Length", nil)
            head.set("Transfer-Encoding", hasBody ? "chunked" : nil)
            head.set("Connection", "close")
        }
        try await connection.send(head.bytes)
        guard hasBody else { return }
        var shuffler = head.records.flatMap { kind in fault.map { RecordShuffler(kind, $0) } }
        var sent = 0
        while let piece = isRaw ? await server.rest() : try await server.piece() {
            var piece = shuffler?.take(piece) ?? piece
            var isCut = false
            if case .cutAnswer(let most) = fault {
                piece = Array(piece.prefix(most - sent))
                isCut = sent + piece.count >= most
            }
            sent += piece.count
            if case .slowAnswer(let size, let pause) = fault {
                for start in stride(from: 0, to: piece.count, by: size) {
                    try await put(Array(piece[start..<min(start + size, piece.count)]), isRaw)
                    try await Task.sleep(for: pause)
                }
            } else if !piece.isEmpty {
                try await put(piece, isRaw)
            }
            if isCut { return }
        }
        if let last = shuffler?.finish(), !last.isEmpty { try await put(last, isRaw) }
        if !isRaw { try await connection.send(Array("0\r\n\r\n".utf8)) }
    }

    private func put(_ piece: [UInt8], _ isRaw: Bool) async throws {
        try await connection.send(isRaw ? piece : Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10])
    }
}

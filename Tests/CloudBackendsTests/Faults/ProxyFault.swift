/// What a proxy does to a call.
enum ProxyFault: Sendable {
    /// The connection is closed without an answer, and the server never hears of the call.
    case drop
    /// The server never hears of the call.
    case refuse(
        Int, headers: [String: String] = [:], body: String = #"{"code":0,"message":"made up"}"#, type: String = "application/json")
    /// The server does it, and its answer is lost.
    case loseAnswer
    /// The server does it, and something else is answered.
    case answerInstead(Int, body: String, type: String)
    /// The server does it, and its answer says something else in one place.
    case reword(String, String)
    /// The answer is cut off after so many bytes.
    case cutAnswer(after: Int)
    /// The server gets only the first bytes of the body.
    case cutRequest(after: Int)
    /// The answer comes in small pieces.
    case slowAnswer(piece: Int, pause: Duration)
    /// A record of a stream comes twice, the one after so many.
    case repeatRecord(after: Int)
    /// Two records of a stream change places, the ones after so many.
    case swapRecords(after: Int)
}

/// How a stream is cut into records.
enum RecordKind: Sendable {
    /// A JSON object a line.
    case line
    /// A flag, four bytes of length, a message.
    case connect
    /// A frame of a WebSocket server.
    case frame

    /// How long the record is that the bytes begin with; nil when it is not whole yet.
    func length(_ bytes: ArraySlice<UInt8>) -> Int? {
        let start = bytes.startIndex
        func number(_ range: Range<Int>) -> Int {
            bytes[(start + range.lowerBound)..<(start + range.upperBound)].reduce(0) { $0 << 8 | Int($1) }
        }
        let length: Int
        switch self {
        case .line: return bytes.firstIndex(of: 0x0A).map { $0 - start + 1 }
        case .connect:
            guard bytes.count >= 5 else { return nil }
            length = 5 + number(1..<5)
        case .frame:
            guard bytes.count >= 2 else { return nil }
            let short = Int(bytes[start + 1] & 0x7F)
            let head = short == 126 ? 4 : short == 127 ? 10 : 2
            guard bytes.count >= head else { return nil }
            length = head + (head == 2 ? short : number(2..<head))
        }
        return bytes.count >= length ? length : nil
    }
}

/// Repeats or swaps the records of a stream.
struct RecordShuffler {
    private let kind: RecordKind
    private let fault: ProxyFault
    private var buffer: [UInt8] = []
    private var count = 0
    private var held: [UInt8]?

    init(_ kind: RecordKind, _ fault: ProxyFault) {
        self.kind = kind
        self.fault = fault
    }

    /// What is to be sent on of a piece.
    mutating func take(_ piece: [UInt8]) -> [UInt8] {
        buffer += piece
        var out: [UInt8] = []
        var start = 0
        while let length = kind.length(buffer[start...]) {
            let record = Array(buffer[start..<(start + length)])
            start += length
            count += 1
            switch fault {
            case .repeatRecord(let after) where count == after + 1: out += record + record
            case .swapRecords(let after) where count == after + 1: held = record
            case .swapRecords(let after) where count == after + 2:
                out += record + (held ?? [])
                held = nil
            default: out += record
            }
        }
        buffer.removeFirst(start)
        return out
    }

    /// What is left at the end.
    mutating func finish() -> [UInt8] { (held ?? []) + buffer }
}

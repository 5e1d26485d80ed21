import GuestClient
import SandboxCore
import SandboxHTTP
import Synchronization

/// A channel over a session's command: its log is followed by a WebSocket, its input are calls, one after the other.
final class DaytonaRelay: GuestCarrier {
    private struct Reading {
        var log = MarkedLog()
        var lines = TextLines()
        var isClosed = false
    }

    private let session: String
    private let command: String
    private let output: WebSocketMessages
    private let calls: CloudCalls
    private let reading = Mutex(Reading())

    init(session: String, command: String, output: WebSocketMessages, calls: CloudCalls) {
        self.session = session
        self.command = command
        self.output = output
        self.calls = calls
    }

    func send(_ bytes: [UInt8]) async throws {
        let path = "\(session)/command/\(HTTPText.segment(command))/input"
        // Never twice: a piece that came twice would not be what the guest was told.
        _ = try await calls.send(
            try CloudJSON.call(.post, path, DaytonaMessage.Input(data: TextLines.encode(bytes))), .onlyWhenRefused)
    }

    func receive() async throws -> [UInt8]? {
        while let message = try await output.next() {
            let bytes = try reading.withLock { reading in
                let text = reading.log.output(of: message)
                return try reading.lines.decode(text)
            }
            if !bytes.isEmpty { return bytes }
        }
        if let ending = LastWords.relayEnded(reading.withLock { $0.log.lastWords.line }, backend: calls.backend) { throw ending }
        return nil
    }

    func close() {
        guard
            reading.withLock({ reading in
                defer { reading.isClosed = true }
                return !reading.isClosed
            })
        else { return }
        output.close()
        // Nobody waits for it: a relay whose end this call does not bring ends by itself when nothing comes any more.
        Task { [calls, session] in await Self.end(session, calls) }
    }

    /// Ends a session with all that runs in it.
    static func end(_ session: String, _ calls: CloudCalls) async {
        _ = try? await calls.send(HTTPCall(.delete, session, deadline: .seconds(10)), .onlyWhenRefused)
    }
}

/// A log in which three bytes tell whose output follows: 1 1 1 standard output, 2 2 2 standard error.
struct MarkedLog {
    private var current: UInt8 = 1
    private var mark: UInt8 = 0
    private var count = 0
    /// The end of standard error.
    private(set) var lastWords = LastWords()

    /// What of a piece is standard output. Text holds no such bytes itself.
    mutating func output(of piece: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var start = 0
        while start < piece.count {
            let byte = piece[start]
            guard byte != 1, byte != 2 else {
                count = byte == mark ? count + 1 : 1
                mark = byte
                if count == 3 {
                    current = byte
                    count = 0
                    mark = 0
                }
                start += 1
                continue
            }
            let next = piece.index(of: 1, from: start, to: piece.count) ?? piece.count
            let end = piece.index(of: 2, from: start, to: next) ?? next
            if current == 1 { output += piece[start..<end] } else { errors += piece[start..<end] }
            start = end
        }
        lastWords.add(errors)
        return output
    }
}

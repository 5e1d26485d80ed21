import Foundation
import GuestClient
import SandboxCore
import SandboxHTTP
import Synchronization

/// A channel over a command's log, which is a stream, and its input, which are calls with the offset of each piece.
final class VercelRelay: GuestCarrier {
    private struct State {
        var lines = TextLines()
        var lastWords = LastWords()
        var sent = 0
        var isClosed = false
    }

    private let path: String
    private let team: String
    private let output: RecordLines
    private let calls: CloudCalls
    private let state = Mutex(State())

    init(path: String, team: String, output: RecordLines, calls: CloudCalls) {
        self.path = path
        self.team = team
        self.output = output
        self.calls = calls
    }

    /// The offset makes that a piece which is sent again is taken once, so its call may be repeated.
    func send(_ bytes: [UInt8]) async throws {
        let text = Data(TextLines.encode(bytes).utf8)
        let offset = state.withLock { state in
            defer { state.sent += text.count }
            return state.sent
        }
        var call = try CloudJSON.call(
            .post, "\(path)/stdin", VercelMessage.Input(data: text.base64EncodedString(), offset: offset))
        call.query = [("teamId", team)]
        _ = try await calls.send(call, .always)
    }

    func receive() async throws -> [UInt8]? {
        while let record = try await output.next() {
            if record.command?.exitCode != nil { break }
            guard let text = record.text else { continue }
            let bytes = try state.withLock { state -> [UInt8] in
                if record.stream == "stderr" {
                    state.lastWords.add(text.utf8)
                    return []
                }
                return try state.lines.decode(Array(text.utf8))
            }
            if !bytes.isEmpty { return bytes }
        }
        if let ending = LastWords.relayEnded(state.withLock { $0.lastWords.line }, backend: calls.backend) { throw ending }
        return nil
    }

    func close() {
        guard
            state.withLock({ state in
                defer { state.isClosed = true }
                return !state.isClosed
            })
        else { return }
        // Nobody waits for it: a relay whose end this call does not bring ends by itself when nothing comes any more.
        Task { [calls, path, team] in await Self.end(path, team, calls) }
    }

    static func end(_ path: String, _ team: String, _ calls: CloudCalls) async {
        guard var call = try? CloudJSON.call(.post, "\(path)/kill", VercelMessage.Signal(), deadline: .seconds(10)) else { return }
        call.query = [("teamId", team)]
        _ = try? await calls.send(call, .onlyWhenRefused)
    }
}

import Hummingbird
import SandboxAPI
import SandboxCore

/// Streams an exec's events as they come, in either format. The command itself is never touched by what becomes of the stream.
struct ExecStream: Sendable {
    let format: EventFormat
    let keepalive: Duration
    let requestID: String

    /// `events` is asked for the next one until it has none; `begin` is written first.
    func response(
        begin: StreamEvent?, offsets: OutputOffsets, events: @escaping @Sendable () async throws -> ExecEvent?,
        afterwards: @escaping @Sendable () async -> Void
    ) -> Response {
        format.response { writer in
            var seen = offsets
            var out = writer
            do {
                if let begin { try await out.write(format.frame(begin, word: begin.word, id: id(seen))) }
                try await LiveStream.run(keepalive: keepalive, source: events) { item in
                    let event: StreamEvent
                    switch item {
                    case .element(.output(let chunk)):
                        seen[chunk.channel] = chunk.offset + UInt64(chunk.bytes.count)
                        event = .output(chunk)
                    case .element(.ended(let ending)): event = .ended(EndingBody(ending))
                    case .silence: event = .keepalive
                    case .notice(let notice): event = .notice(notice)
                    case .failure(let error): event = .failure(ErrorBody.Failure(error, requestId: requestID))
                    case .end, .gone: return false
                    }
                    try await out.write(format.frame(event, word: event.word, id: id(seen)))
                    if case .ended = event { return false }
                    return true
                }
            } catch {
                await afterwards()
                throw error
            }
            await afterwards()
            writer = out
        }
    }

    private func id(_ offsets: OutputOffsets) -> String { "\(offsets.standardOutput)-\(offsets.standardError)" }
}

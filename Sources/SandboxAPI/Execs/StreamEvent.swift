public import SandboxCore

/// One line of an NDJSON stream, or the data of one server-sent event.
public enum StreamEvent: Sendable, Codable, Equatable {
    /// The command runs.
    case started(exec: ExecID, process: Int32?)
    case output(OutputChunk)
    /// The last of a stream that ends well.
    case ended(EndingBody)
    /// Nothing happened for a while.
    case keepalive
    /// The server ends the stream early, and says why. The command is not touched; the stream is taken up again by its offsets.
    case notice(Notice)
    /// The stream failed.
    case failure(ErrorBody.Failure)

    /// Why a stream ends early.
    public struct Notice: Sendable, Codable, Equatable {
        /// The words.
        public enum Reason: String, Sendable, Codable, CaseIterable {
            case shutdown
            case slowConsumer = "slow_consumer"
        }
        public var reason: Reason
        public var message: String
        /// Creates a notice.
        public init(_ reason: Reason, _ message: String) {
            self.reason = reason
            self.message = message
        }
    }

    private enum Word: String, Codable {
        case started, output, ended, keepalive, notice, error
    }

    private enum Keys: String, CodingKey {
        case type, exec, process, stream, offset, text, base64, ending, reason, message, error
    }

    /// The word in `type`.
    public var word: String { kind.rawValue }

    private var kind: Word {
        switch self {
        case .started: .started
        case .output: .output
        case .ended: .ended
        case .keepalive: .keepalive
        case .notice: .notice
        case .failure: .error
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        switch try container.decode(Word.self, forKey: .type) {
        case .started:
            self = .started(
                exec: try container.decode(ExecID.self, forKey: .exec), process: try container.decodeIfPresent(Int32.self, forKey: .process)
            )
        case .output:
            self = .output(
                OutputChunk(
                    channel: try container.decode(OutputChannel.self, forKey: .stream),
                    offset: try container.decode(UInt64.self, forKey: .offset), bytes: try WireBytes(from: decoder).bytes))
        case .ended: self = .ended(try container.decode(EndingBody.self, forKey: .ending))
        case .keepalive: self = .keepalive
        case .notice: self = .notice(try Notice(from: decoder))
        case .error: self = .failure(try container.decode(ErrorBody.Failure.self, forKey: .error))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(kind, forKey: .type)
        switch self {
        case .started(let exec, let process):
            try container.encode(exec, forKey: .exec)
            try container.encodeIfPresent(process, forKey: .process)
        case .output(let chunk):
            try container.encode(chunk.channel, forKey: .stream)
            try container.encode(chunk.offset, forKey: .offset)
            // A zero byte means no text, and JSON makes six of each.
            if !chunk.bytes.contains(0), let text = String(validating: chunk.bytes, as: UTF8.self) {
                try container.encode(text, forKey: .text)
            } else {
                try container.encode(WireBytes.base64(chunk.bytes), forKey: .base64)
            }
        case .ended(let ending): try container.encode(ending, forKey: .ending)
        case .keepalive: break
        case .notice(let notice): try notice.encode(to: encoder)
        case .failure(let failure): try container.encode(failure, forKey: .error)
        }
    }
}

public import SandboxWorkspace

/// One line of the stream of a push or a pull.
public enum SyncEvent: Sendable, Codable, Equatable {
    /// How far it is. Only the latest is told when the reader is slow.
    case progress(SyncProgress)
    /// The last one.
    case ended(SyncReportBody)
    /// What every stream has: a sign of life, a notice, a failure.
    case other(StreamEvent)

    private enum Keys: String, CodingKey {
        case type, phase, files, bytes, totalBytes, report
    }

    /// The word in `type`.
    public var word: String {
        switch self {
        case .progress: "progress"
        case .ended: "ended"
        case .other(let event): event.word
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "progress":
            let word = try container.decode(String.self, forKey: .phase)
            guard let phase = SyncProgress.Phase(rawValue: word) else {
                throw DecodingError.dataCorruptedError(forKey: .phase, in: container, debugDescription: "no phase is called \(word)")
            }
            self = .progress(
                SyncProgress(
                    phase: phase, files: try container.decode(Int.self, forKey: .files),
                    bytes: try container.decode(UInt64.self, forKey: .bytes),
                    totalBytes: try container.decodeIfPresent(UInt64.self, forKey: .totalBytes)))
        case "ended": self = .ended(try container.decode(SyncReportBody.self, forKey: .report))
        default: self = .other(try StreamEvent(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        if case .other(let event) = self { return try event.encode(to: encoder) }
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(word, forKey: .type)
        switch self {
        case .progress(let progress):
            try container.encode(progress.phase.rawValue, forKey: .phase)
            try container.encode(progress.files, forKey: .files)
            try container.encode(progress.bytes, forKey: .bytes)
            try container.encodeIfPresent(progress.totalBytes, forKey: .totalBytes)
        case .ended(let report): try container.encode(report, forKey: .report)
        case .other: break
        }
    }
}

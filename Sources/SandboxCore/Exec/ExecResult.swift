/// A finished command with its output, for callers that want it in one piece.
public struct ExecResult: Sendable, Equatable {
    public var ending: ExecEnding
    public var standardOutput: [UInt8]
    public var standardError: [UInt8]
    /// Bytes that exceeded the caller's cap and were dropped, per stream.
    public var dropped: OutputOffsets

    /// Creates a result.
    public init(ending: ExecEnding, standardOutput: [UInt8], standardError: [UInt8], dropped: OutputOffsets = .zero) {
        self.ending = ending
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.dropped = dropped
    }

    /// How the command ended.
    public var outcome: ExecOutcome { ending.outcome }
    /// Standard output as text; bytes that are not UTF-8 are replaced.
    public var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
    /// Standard error as text; bytes that are not UTF-8 are replaced.
    public var errorText: String { String(decoding: standardError, as: UTF8.self) }
}

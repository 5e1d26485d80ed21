import Foundation
import SandboxCore

/// A channel's bytes as lines of base 64, for services that carry text only.
struct TextLines {
    private static let longestLine = 64 << 10

    private var line: [UInt8] = []

    /// Bytes as lines for the relay.
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() + "\n" }

    /// The bytes of the lines that are complete now. Throws `protocolViolation` for what is no base 64.
    mutating func decode(_ text: [UInt8]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var start = 0
        while let end = text.index(of: 0x0A, from: start, to: text.count) {
            try add(text[start..<end])
            start = end + 1
            if line.last == 0x0D { line.removeLast() }
            guard !line.isEmpty else { continue }
            guard let piece = Data(base64Encoded: Data(line)) else { throw Self.violation }
            bytes += piece
            line.removeAll(keepingCapacity: true)
        }
        try add(text[start...])
        return bytes
    }

    private mutating func add(_ piece: ArraySlice<UInt8>) throws {
        guard line.count + piece.count <= Self.longestLine else { throw Self.violation }
        line += piece
    }

    private static let violation = SandboxError(
        .protocolViolation, "the sandbox sends something else than lines of base 64",
        remedy: "see whether its shell prints something by itself")
}

import Foundation
import SandboxCore

/// A channel's bytes as lines of base 64, for services that carry text only.
struct TextLines {
    private static let longestLine = 64 << 10

    private var line: [UInt8] = []

    /// Bytes as lines for the relay.
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() + "\n" }

    /// The bytes of the lines that are complete now. Throws `protocolViolation` for what is no base 64.
    mutating func decode(_ text: some Sequence<UInt8>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text {
            if byte == 0x0A {
                if !line.isEmpty {
                    guard let piece = Data(base64Encoded: Data(line)) else { throw Self.violation }
                    bytes += piece
                    line.removeAll(keepingCapacity: true)
                }
            } else if byte != 0x0D {
                guard line.count < Self.longestLine else { throw Self.violation }
                line.append(byte)
            }
        }
        return bytes
    }

    private static let violation = SandboxError(
        .protocolViolation, "the sandbox sends something else than lines of base 64",
        remedy: "see whether its shell prints something by itself")
}

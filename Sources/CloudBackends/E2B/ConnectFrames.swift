import SandboxCore
import SandboxHTTP

/// The messages of a stream of the Connect protocol: one flag byte, four bytes of length, JSON.
actor ConnectFrames {
    static let type = "application/connect+json"
    private static let endOfStream: UInt8 = 2
    private static let largestMessage = 4 << 20

    enum Frame: Sendable {
        case message([UInt8])
        /// The last one.
        case end([UInt8])
    }

    private let body: SandboxStream<[UInt8]>
    private var buffer: [UInt8] = []
    private var start = 0
    private var isReading = false

    init(_ body: SandboxStream<[UInt8]>) { self.body = body }

    /// A message as it is sent.
    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        [0] + withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
    }

    /// The next one; nil when the stream was cut off between two. One caller at a time.
    func next() async throws -> Frame? {
        guard !isReading else { throw SandboxError(.internalError, "two readers of one stream") }
        isReading = true
        defer { isReading = false }
        while true {
            if let frame = try take() { return frame }
            var reader = body.makeAsyncIterator()
            guard let piece = try await reader.next() else {
                guard start == buffer.count else { throw Self.broken("the stream was cut off in the middle of a message") }
                return nil
            }
            buffer.removeFirst(start)
            start = 0
            buffer += piece
        }
    }

    private func take() throws -> Frame? {
        guard buffer.count - start >= 5 else { return nil }
        let flag = buffer[start]
        let length = buffer[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.largestMessage, flag & ~Self.endOfStream == 0 else {
            throw SandboxError(.protocolViolation, "the sandbox's daemon does not speak the Connect protocol", remedy: "check its address")
        }
        guard buffer.count - start >= 5 + length else { return nil }
        let bytes = Array(buffer[(start + 5)..<(start + 5 + length)])
        start += 5 + length
        return flag & Self.endOfStream != 0 ? .end(bytes) : .message(bytes)
    }

    static func broken(_ text: String) -> SandboxError {
        SandboxError(.unavailable, text, remedy: "see whether the service works")
    }
}

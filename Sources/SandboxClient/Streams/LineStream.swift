import Glibc
import SandboxAPI
import SandboxCore

/// The lines of a body, each decoded. One reader at a time.
actor LineStream<Line: Decodable & Sendable> {
    private let body: SandboxStream<[UInt8]>
    private var buffer: [UInt8] = []
    private var position = 0
    private var searched = 0

    /// No line is longer: a chunk of output in base 64, or an entry with a path of the longest.
    private static var longest: Int { 4 << 20 }

    init(_ body: SandboxStream<[UInt8]>) { self.body = body }

    /// The next line; nil where the body ends.
    func next() async throws -> Line? {
        while true {
            if let line = take() { return try APICoding.decode(Line.self, from: line) }
            // Another iterator goes on where the one before was.
            var pieces = body.makeAsyncIterator()
            guard let piece = try await pieces.next() else { return nil }
            if position > 0 {
                buffer.removeFirst(position)
                searched -= position
                position = 0
            }
            buffer += piece
            guard buffer.count <= Self.longest else {
                throw SandboxError(.protocolViolation, "the server sends a line of more than \(Self.longest) bytes")
            }
        }
    }

    private func take() -> [UInt8]? {
        // Most of the bytes of a stream go by here, so the search is left to the system's.
        let found = buffer.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[searched...])
            return rest.baseAddress.flatMap { start in memchr(start, 0x0A, rest.count).map { UnsafeRawPointer($0) - start } }
        }
        guard let found else {
            searched = buffer.count
            return nil
        }
        let end = searched + found
        defer {
            position = end + 1
            searched = position
        }
        return Array(buffer[position..<end])
    }
}

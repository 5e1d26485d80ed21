import Foundation
import NIOCore
import SandboxCore

/// Reads a `multipart/form-data` body part by part, in bounded memory. One reader at a time.
actor MultipartBody {
    /// One part's head.
    struct Part: Sendable {
        var name: String
        var filename: String?
    }

    private static let largestHead = 16 << 10

    private var source: any AsyncIteratorProtocol<ByteBuffer, any Error>
    private let delimiter: [UInt8]
    private var buffer: [UInt8]
    private var isInPart = false
    private var isOver = false

    /// Throws `invalidArgument` when the content type has no boundary.
    init<Body: AsyncSequence>(_ body: Body, contentType: String) throws where Body.Element == ByteBuffer, Body.Failure == any Error {
        guard contentType.lowercased().hasPrefix("multipart/"), let boundary = Self.parameter("boundary", of: contentType),
            (1...200).contains(boundary.utf8.count)
        else { throw SandboxError(.invalidArgument, "the body is not multipart/form-data with a boundary") }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter has no line break of its own.
        buffer = [13, 10]
        source = body.makeAsyncIterator()
    }

    /// The next part; nil after the last. What is left of the current part is skipped.
    func nextPart() async throws -> Part? {
        if isInPart { while try await nextPiece() != nil {} }
        guard !isOver else { return nil }
        if try await !skipToDelimiter() { throw Self.broken }
        while buffer.count < 2 { guard try await fill() else { throw Self.broken } }
        if buffer.starts(with: Array("--".utf8)) {
            isOver = true
            return nil
        }
        let head = try await head()
        isInPart = true
        return try Self.part(head)
    }

    /// The next piece of the current part's content; nil at its end.
    func nextPiece() async throws -> [UInt8]? {
        guard isInPart else { return nil }
        while true {
            if let end = Self.find(delimiter, in: buffer) {
                if end == 0 {
                    isInPart = false
                    return nil
                }
                defer { buffer.removeFirst(end) }
                return Array(buffer[..<end])
            }
            // The tail may be the beginning of a delimiter.
            let safe = buffer.count - delimiter.count
            if safe > 0 {
                defer { buffer.removeFirst(safe) }
                return Array(buffer[..<safe])
            }
            guard try await fill() else { throw Self.broken }
        }
    }

    /// The current part's content as a text of at most `limit` bytes.
    func text(limit: Int) async throws -> String {
        var bytes: [UInt8] = []
        while let piece = try await nextPiece() {
            bytes += piece
            guard bytes.count <= limit else { throw SandboxError(.limitExceeded, "a field of the form is longer than \(limit) bytes") }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The current part's content as a stream.
    nonisolated var content: SandboxStream<[UInt8]> { SandboxStream { try await self.nextPiece() } }

    private func skipToDelimiter() async throws -> Bool {
        while true {
            if let start = Self.find(delimiter, in: buffer) {
                buffer.removeFirst(start + delimiter.count)
                return true
            }
            if buffer.count > delimiter.count { buffer.removeFirst(buffer.count - delimiter.count) }
            guard try await fill() else { return false }
        }
    }

    private func head() async throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let found = Self.find(end, in: buffer) {
                defer { buffer.removeFirst(found + end.count) }
                return String(decoding: buffer[..<found], as: UTF8.self)
            }
            guard buffer.count <= Self.largestHead else { throw SandboxError(.limitExceeded, "the head of a part of the form is too long") }
            guard try await fill() else { throw Self.broken }
        }
    }

    private func fill() async throws -> Bool {
        // Taken out while it is awaited: the actor may be entered again meanwhile.
        var taken = source
        guard let piece = try await taken.next(isolation: self) else { return false }
        source = taken
        buffer += piece.readableBytesView
        return true
    }

    private static var broken: SandboxError { SandboxError(.invalidArgument, "the multipart body ends in the middle of a part") }

    private static func part(_ head: String) throws -> Part {
        for line in head.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "content-disposition" else { continue }
            let value = String(line[line.index(after: colon)...])
            return Part(name: parameter("name", of: value) ?? "", filename: parameter("filename", of: value))
        }
        throw SandboxError(.invalidArgument, "a part of the form has no name")
    }

    /// A parameter of a header's value: `; name=value` or `; name="value"` with backslash and percent escapes for quotes.
    static func parameter(_ name: String, of value: String) -> String? {
        var rest = Substring(value)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let key = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            var text = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\", let next = rest.popFirst() { text.append(next) } else { text.append(character) }
                }
                text = text.replacing("%22", with: "\"").replacing("%0A", with: "\n").replacing("%0D", with: "\r")
            } else {
                text = String(rest.prefix { $0 != ";" })
                rest = rest.dropFirst(text.count)
            }
            if key == name { return text }
        }
        return nil
    }

    /// Megabytes pass here, so the search is the C library's.
    private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, let first = needle.first else { return nil }
            var start = 0
            while start + needle.count <= bytes.count {
                guard let found = memchr(base + start, Int32(first), bytes.count - needle.count - start + 1) else { return nil }
                let candidate = UnsafeRawPointer(found)
                if memcmp(candidate, needle, needle.count) == 0 { return candidate - base }
                start = candidate - base + 1
            }
            return nil
        }
    }
}

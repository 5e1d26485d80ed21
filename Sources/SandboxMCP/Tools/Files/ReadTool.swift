import SandboxCore
import SystemPackage

extension Tool {
    static let fileRead = Tool(
        name: "file_read", title: "Read a file",
        description: """
            Read a text file: from a line on, or from a byte offset on. Long files come in pieces; the result says where to go on. Images \
            (PNG, JPEG, GIF, WebP) are shown; other binary content needs encoding base64.
            """,
        parameters: [
            .session, .text("path", "Absolute, or relative to the workspace.", required: true),
            .whole("line", "First line, from 1.", 1...9_007_199_254_740_991), .whole("lines", "How many lines at most.", 1...100_000),
            .whole("offset", "First byte; instead of line.", 0...9_007_199_254_740_991),
            .choice("encoding", "How the content comes: utf8 (default) or base64.", ["utf8", "base64"]),
            .whole("max_output", "Bytes to return.", 200...100_000, default: 24_000),
        ],
        hints: .looks
    ) { arguments, context in
        let path = FilePath(try arguments.needed("path"))
        guard !(arguments.has("offset") && (arguments.has("line") || arguments.has("lines"))) else {
            throw ToolArguments.wrong("'offset' goes with neither 'line' nor 'lines'", "pass one of the two ways")
        }
        let isText = try arguments.word("encoding") != "base64"
        let budget = try arguments.count("max_output")
        let reading = FileReading(
            line: UInt64(try arguments.whole("line") ?? 1), lines: try arguments.whole("lines").map(UInt64.init),
            offset: try arguments.whole("offset").map(UInt64.init), budget: budget)
        let files = try await context.files(arguments)
        let entry = try await files.stat(path, followsLinks: true)
        guard entry.kind == .regular else {
            if entry.kind == .directory { throw FileRefusal(.isDirectory, path: path, message: "this is a directory, file_list shows it") }
            throw FileRefusal(.invalid, path: path, message: "this is no regular file but a \(entry.kind.rawValue)")
        }
        guard isText else {
            let piece = try await files.read(path, offset: reading.offset ?? 0, length: budget)
            let next = (reading.offset ?? 0) + UInt64(piece.count)
            return ToolResult(
                Base64.encode(piece),
                [
                    "path": .string(path.string), "size": .count(entry.size), "base64": .string(Base64.encode(piece)),
                    "next_offset": next < entry.size ? .count(next) : .null,
                ])
        }
        if let image = try await ImageFile.read(path, entry, files) {
            return ToolResult(
                "\(path) · \(entry.size) bytes · \(image.type)", ["path": .string(path.string), "size": .count(entry.size)], image: image)
        }
        return try await reading.result(path, entry, files)
    }
}

/// Reads a piece of a text file.
struct FileReading {
    /// Lines are counted by reading; beyond this a byte offset is the way.
    private static let scanLimit: UInt64 = 256 << 20

    var line: UInt64
    var lines: UInt64?
    var offset: UInt64?
    var budget: Int

    func result(_ path: FilePath, _ entry: FileEntry, _ files: any SandboxFileSystem) async throws -> ToolResult {
        var cursor = Cursor(line: 1, offset: offset ?? 0, wanted: offset == nil ? line : 1, last: lines.map { line + $0 })
        var isAtEnd = true
        for try await piece in try await files.contents(of: path, offset: offset ?? 0, length: nil) {
            guard cursor.take(piece, budget: budget) else {
                isAtEnd = false
                break
            }
            guard cursor.offset - (offset ?? 0) <= Self.scanLimit || !cursor.content.isEmpty else {
                throw FileRefusal(.tooLarge, path: path, message: "line \(line) lies too far in: pass a byte offset")
            }
        }
        var content = cursor.content[...]
        if !isAtEnd, cursor.isCutInLine { content = TextCut.beginning(cursor.content) }
        guard !content.contains(0), String(validating: content, as: UTF8.self) != nil || offset != nil else {
            throw FileRefusal(.invalid, path: path, message: "this is no text: read it with encoding base64")
        }
        let begin = cursor.begin ?? cursor.offset
        let next = isAtEnd ? nil : begin + UInt64(content.count)
        let text = String(decoding: content, as: UTF8.self)
        var head = "\(path) · \(entry.size) bytes"
        var data = JSON.Members([("path", .string(path.string)), ("size", .count(entry.size)), ("text", .string(text))])
        data["offset"] = .count(begin)
        if offset == nil {
            let breaks = UInt64(content.count { $0 == UInt8(ascii: "\n") })
            let last = line + breaks - (content.last == UInt8(ascii: "\n") ? 1 : 0)
            if content.isEmpty { head += " · nothing from line \(line) on" } else { head += " · lines \(line)–\(last)" }
            data["first_line"] = .count(line)
            data["last_line"] = content.isEmpty ? .null : .count(last)
            if next != nil, content.last == UInt8(ascii: "\n") {
                head += " · go on with line \(last + 1)"
                data["next_line"] = .count(last + 1)
            }
        }
        if let next {
            if data["next_line"] == nil { head += " · go on with offset \(next)" }
            data["next_offset"] = .count(next)
        }
        return ToolResult(head + "\n" + text, .object(data))
    }

    /// A place in the file and what was collected.
    private struct Cursor {
        var line: UInt64
        var offset: UInt64
        var wanted: UInt64
        /// The first line that is not wanted any more.
        var last: UInt64?
        var content: [UInt8] = []
        var begin: UInt64?
        var isCutInLine = false

        /// False when there is enough although the file goes on.
        mutating func take(_ piece: [UInt8], budget: Int) -> Bool {
            var position = 0
            while position < piece.count {
                if line >= wanted, begin == nil { begin = offset }
                if let last, line >= last { return false }
                guard content.count < budget else {
                    isCutInLine = content.last != UInt8(ascii: "\n")
                    return false
                }
                let lineEnd = piece[position...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? piece.count
                let room = line >= wanted ? budget - content.count : Int.max
                let end = lineEnd - position > room ? position + room : lineEnd
                if line >= wanted { content += piece[position..<end] }
                offset += UInt64(end - position)
                if end > position, piece[end - 1] == UInt8(ascii: "\n") { line += 1 }
                position = end
            }
            return true
        }
    }
}

/// Pictures that models can look at.
enum ImageFile {
    private static let limit: UInt64 = 2 << 20

    /// Nil where it is none, or too large.
    static func read(_ path: FilePath, _ entry: FileEntry, _ files: any SandboxFileSystem) async throws -> (bytes: [UInt8], type: String)? {
        guard (12...limit).contains(entry.size) else { return nil }
        guard let type = type(of: try await files.read(path, offset: 0, length: 12)) else { return nil }
        return (try await files.readAll(path, limit: Int(limit)), type)
    }

    private static func type(of head: [UInt8]) -> String? {
        if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
        if head.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if head.starts(with: "GIF8".utf8) { return "image/gif" }
        if head.starts(with: "RIFF".utf8), head.dropFirst(8).starts(with: "WEBP".utf8) { return "image/webp" }
        return nil
    }
}

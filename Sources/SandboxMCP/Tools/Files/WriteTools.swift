import SandboxCore
import SystemPackage

extension Tool {
    static let fileWrite = Tool(
        name: "file_write", title: "Write a file",
        description: """
            Write a whole file, atomically; missing directories are made. To change a part of a file use file_edit.
            """,
        parameters: [
            .session, .text("path", "Absolute, or relative to the workspace.", required: true),
            .text("content", "The whole content.", required: true),
            .choice("encoding", "How the content is given: utf8 (default) or base64.", ["utf8", "base64"]),
            .flag("append", "Add to the end instead of replacing."), .flag("create_only", "Fail when the file exists."),
            .flag("executable", "Make it executable."),
        ],
        hints: Hints(destructive: true, idempotent: true)
    ) { arguments, context in
        let path = FilePath(try arguments.needed("path"))
        let content = try arguments.content("content") ?? ""
        let isText = try arguments.word("encoding") != "base64"
        guard let bytes = isText ? Array(content.utf8) : Base64.decode(content) else {
            throw ToolArguments.wrong("'content' is not base64", "encode it, or leave 'encoding' out")
        }
        let options = FileWriteOptions(
            mode: try arguments.flag("executable") ? 0o755 : nil, createsParents: true, appends: try arguments.flag("append"),
            exclusive: try arguments.flag("create_only"))
        try await context.files(arguments).write(bytes, to: path, options: options)
        return ToolResult(
            "\(options.appends ? "appended" : "wrote") \(bytes.count) bytes \(options.appends ? "to " : "")\(path)",
            ["path": .string(path.string), "bytes": .count(bytes.count)])
    }

    static let fileEdit = Tool(
        name: "file_edit", title: "Edit a file",
        description: """
            Replace exact text in a file. `old` must occur exactly once, so give enough of its surroundings, or state with `count` how often \
            it occurs to replace all. When the number differs nothing is changed.
            """,
        parameters: [
            .session, .text("path", "Absolute, or relative to the workspace.", required: true),
            .text("old", "The text to replace, with its white space exactly as in the file.", required: true),
            .text("new", "What comes in its place; empty removes it.", required: true),
            .whole("count", "How often `old` must occur; all of them are replaced.", 1...100_000, default: 1),
        ],
        hints: Hints(destructive: true)
    ) { arguments, context in
        let path = FilePath(try arguments.needed("path"))
        let old = Array((try arguments.content("old") ?? "").utf8)
        let new = Array((try arguments.content("new") ?? "").utf8)
        guard !old.isEmpty else { throw ToolArguments.wrong("'old' is empty", "pass the text to replace; file_write makes files") }
        guard old != new else { throw ToolArguments.wrong("'old' and 'new' are the same", "pass what shall be different") }
        let files = try await context.files(arguments)
        let content = try await files.readAll(path)
        let places = Occurrences.find(old, in: content)
        let expected = try arguments.count("count")
        guard places.count == expected else { throw FileEditing.mismatch(path, content, places, expected) }
        try await files.write(FileEditing.replace(places, old.count, by: new, in: content), to: path, options: FileWriteOptions())
        let lines = places.prefix(20).map { Occurrences.line(of: $0, in: content) }
        return ToolResult(
            "\(path): replaced \(places.count) (line \(lines.map(String.init).joined(separator: ", "))\(places.count > 20 ? ", …" : ""))",
            ["path": .string(path.string), "replaced": .count(places.count), "lines": .array(lines.map { .count($0) })])
    }
}

/// Puts text in the place of other text.
enum FileEditing {
    static func replace(_ places: [Int], _ length: Int, by new: [UInt8], in content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count + places.count * max(0, new.count - length))
        var position = 0
        for place in places {
            result += content[position..<place]
            result += new
            position = place + length
        }
        return result + content[position...]
    }

    static func mismatch(_ path: FilePath, _ content: [UInt8], _ places: [Int], _ expected: Int) -> SandboxError {
        guard !places.isEmpty else {
            return SandboxError(
                .notFound, "'old' does not occur in \(path); nothing was changed",
                remedy: "read the file again and copy the text exactly, white space included")
        }
        let lines = places.prefix(10).map { String(Occurrences.line(of: $0, in: content)) }.joined(separator: ", ")
        return SandboxError(
            .conflict, "'old' occurs \(places.count) times in \(path), not \(expected) (lines \(lines)); nothing was changed",
            remedy: "give more of its surroundings, or count \(places.count) to replace all")
    }
}

/// Where bytes occur in others.
enum Occurrences {
    /// The places, from the first on, without overlaps; no more than it makes sense to count.
    static func find(_ pattern: [UInt8], in content: [UInt8]) -> [Int] {
        guard let first = pattern.first, pattern.count <= content.count else { return [] }
        var places: [Int] = []
        var position = 0
        while position <= content.count - pattern.count, places.count <= 100_000 {
            guard let candidate = content[position...].firstIndex(of: first), candidate <= content.count - pattern.count else { break }
            if content[candidate..<candidate + pattern.count].elementsEqual(pattern) {
                places.append(candidate)
                position = candidate + pattern.count
            } else {
                position = candidate + 1
            }
        }
        return places
    }

    /// From 1.
    static func line(of place: Int, in content: [UInt8]) -> Int { 1 + content[..<place].count { $0 == UInt8(ascii: "\n") } }
}

import SandboxCore
import SystemPackage

extension Tool {
    static let fileList = Tool(
        name: "file_list", title: "List a directory",
        description: "List the entries of a directory by name, with kind and size; of a file, show that one.",
        parameters: [
            .session, .text("path", "Absolute, or relative to the workspace; without it the workspace."),
            .text("after", "Go on after this name, which the last result gave."),
            .whole("limit", "Entries at most.", 1...1000, default: 200),
        ],
        hints: .looks
    ) { arguments, context in
        let path = FilePath(try arguments.text("path") ?? ".")
        let after = try arguments.text("after").map { FilePath($0) }
        let limit = try arguments.count("limit")
        let files = try await context.files(arguments)
        let itself = try await files.stat(path, followsLinks: true)
        guard itself.kind == .directory else {
            var entry = itself
            entry.path = path
            return ToolResult(FileLine.text(entry), ["entries": [FileLine.data(entry)], "more": false])
        }
        let (entries, more) = try await files.list(path, after: after, limit: limit)
        return FileLine.result(entries, more: more, empty: "an empty directory") { last in "go on with after '\(last)'" }
    }

    static let fileGlob = Tool(
        name: "file_glob", title: "Find files by name",
        description: "Find files whose path below root matches a pattern such as **/*.swift or src/*.{c,h}.",
        parameters: [
            .session, .text("pattern", "* within a name, ** across directories, ?, [a-z], {a,b}.", required: true),
            .text("root", "Where to look; without it the workspace."), .flag("hidden", "Also names that begin with a dot."),
            .whole("limit", "Paths at most.", 1...2000, default: 200),
        ],
        hints: .looks
    ) { arguments, context in
        let files = try await context.files(arguments)
        let (entries, more) = try await files.glob(
            try arguments.needed("pattern"), root: FilePath(try arguments.text("root") ?? "."), limit: try arguments.count("limit"),
            includesHidden: try arguments.flag("hidden"))
        let found = entries.map { entry in
            var entry = entry
            entry.path.lexicallyNormalize()
            return entry
        }
        return FileLine.result(found, more: more, empty: "no file matches") { _ in "narrow the pattern, or raise limit" }
    }

    static let fileGrep = Tool(
        name: "file_grep", title: "Search in files",
        description: "Search the content of files below root for a POSIX extended regular expression, or for plain text with `literal`.",
        parameters: [
            .session, .text("pattern", "What to look for.", required: true), .text("root", "File or directory; without it the workspace."),
            .text("glob", "Only files that match, such as *.py."), .flag("literal", "The pattern is plain text."),
            .flag("ignore_case", "Large and small letters are the same."),
            .whole("context", "Lines around each match.", 0...20, default: 0),
            .flag("hidden", "Also files whose names begin with a dot."), .whole("limit", "Matches at most.", 1...1000, default: 100),
            .whole("max_output", "Bytes to return.", 200...100_000, default: 16_000),
        ],
        hints: .looks
    ) { arguments, context in
        let search = FileSearch(
            root: FilePath(try arguments.text("root") ?? "."), pattern: try arguments.needed("pattern"),
            isLiteral: try arguments.flag("literal"), ignoresCase: try arguments.flag("ignore_case"), glob: try arguments.text("glob"),
            context: try arguments.count("context"), limit: try arguments.count("limit"), includesHidden: try arguments.flag("hidden"))
        let budget = try arguments.count("max_output")
        let (matches, truncated) = try await context.files(arguments).grep(search)
        var lines: [String] = []
        var list: [JSON] = []
        var size = 0
        for match in matches {
            let path = match.path.lexicallyNormalized()
            let text = String(decoding: match.text, as: UTF8.self)
            let mark = match.isContext ? "-" : ":"
            let line = "\(path)\(mark)\(match.line)\(mark)\(text)"
            guard size + line.utf8.count <= budget else { break }
            size += line.utf8.count + 1
            lines.append(line)
            list.append([
                "path": .string(path.string), "line": .count(match.line), "text": .string(text), "context": .boolean(match.isContext),
            ])
        }
        let isCut = truncated || lines.count < matches.count
        if matches.isEmpty { lines.append("no match") }
        if isCut { lines.append("[there are more: narrow the pattern, root or glob]") }
        return ToolResult(lines.joined(separator: "\n"), ["matches": .array(list), "more": .boolean(isCut)])
    }
}

/// A file in one line.
enum FileLine {
    private static let budget = 48_000

    static func text(_ entry: FileEntry) -> String {
        switch entry.kind {
        case .directory: "\(entry.path)/"
        case .symbolicLink: "\(entry.path) -> \(entry.linkTarget?.string ?? "?")"
        case .regular: "\(entry.path) · \(entry.size) bytes" + (entry.mode & 0o111 != 0 ? " · executable" : "")
        default: "\(entry.path) · \(entry.kind.rawValue)"
        }
    }

    static func data(_ entry: FileEntry) -> JSON {
        var data = JSON.Members([
            ("path", .string(entry.path.string)), ("kind", .string(entry.kind.rawValue)), ("size", .count(entry.size)),
            ("mode", .string(String(entry.mode, radix: 8))), ("modified_ms", .count(entry.modified / 1_000_000)),
        ])
        if let target = entry.linkTarget { data["target"] = .string(target.string) }
        return .object(data)
    }

    /// Names may be long: what does not fit is left out, and `rest` says how to go on after the last one shown.
    static func result(_ entries: [FileEntry], more: Bool, empty: String, rest: (String) -> String) -> ToolResult {
        var lines: [String] = []
        var list: [JSON] = []
        var size = 0
        for entry in entries {
            let line = text(entry)
            guard size + line.utf8.count <= budget else { break }
            size += line.utf8.count + 1
            lines.append(line)
            list.append(data(entry))
        }
        let isCut = more || lines.count < entries.count
        let last = entries.prefix(lines.count).last?.path.string
        if entries.isEmpty { lines.append(empty) }
        if isCut { lines.append("[there are more: \(rest(last ?? ""))]") }
        return ToolResult(
            lines.joined(separator: "\n"),
            ["entries": .array(list), "more": .boolean(isCut), "last": isCut ? .words(last) : .null])
    }
}

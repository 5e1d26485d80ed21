public import SandboxCore
public import SystemPackage

/// What `POST …/files/glob` takes.
public struct GlobBody: RequestBody, Encodable, Equatable {
    public var pattern: String
    /// The workspace where it is left out.
    public var root: WirePath?
    public var limit: Int?
    public var hidden: Bool?

    /// Creates a search.
    public init(pattern: String, root: FilePath, limit: Int, hidden: Bool) {
        self.pattern = pattern
        self.root = WirePath(root)
        self.limit = limit
        self.hidden = hidden
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case pattern, root, limit, hidden }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What `POST …/files/grep` takes.
public struct GrepBody: RequestBody, Encodable, Equatable {
    public var pattern: String
    /// The workspace where it is left out.
    public var root: WirePath?
    public var literal: Bool?
    public var ignoreCase: Bool?
    public var glob: String?
    public var context: Int?
    public var limit: Int?
    public var hidden: Bool?

    /// Wraps a search.
    public init(_ search: FileSearch) {
        pattern = search.pattern
        root = WirePath(search.root)
        literal = search.isLiteral
        ignoreCase = search.ignoresCase
        glob = search.glob
        context = search.context
        limit = search.limit
        hidden = search.includesHidden
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case pattern, root, literal, ignoreCase, glob, context, limit, hidden }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The search. Throws for numbers out of range.
    public func search() throws -> FileSearch {
        FileSearch(
            root: root?.path ?? ".", pattern: pattern, isLiteral: literal ?? false, ignoresCase: ignoreCase ?? false, glob: glob,
            context: try Count.check(context ?? 0, "context", 0...100), limit: try Count.check(limit ?? 1000, "limit", 1...10_000),
            includesHidden: hidden ?? false)
    }
}

/// Numbers that clients give.
public enum Count {
    /// Throws `invalidArgument` out of range.
    public static func check(_ value: Int, _ what: String, _ range: ClosedRange<Int>) throws -> Int {
        guard range.contains(value) else {
            throw SandboxError(
                .invalidArgument, "'\(what)' is \(value)", remedy: "use \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

/// What `grep` found.
public struct GrepResultBody: Sendable, Codable, Equatable {
    /// One line.
    public struct Match: Sendable, Codable, Equatable {
        public var path: WirePath
        public var line: Int
        /// Shown only as context.
        public var context: Bool
        public var content: WireBytes

        /// Wraps a match.
        public init(_ match: FileMatch) {
            path = WirePath(match.path)
            line = match.line
            context = match.isContext
            content = WireBytes(match.text)
        }

        /// The match.
        public var match: FileMatch { FileMatch(path: path.path, line: line, isContext: context, text: content.bytes) }
    }

    public var matches: [Match]
    public var truncated: Bool

    /// Creates a result.
    public init(matches: [Match], truncated: Bool) {
        self.matches = matches
        self.truncated = truncated
    }
}

/// What `POST …/files/edit` takes: exact replacements, each found as often as it says, or nothing is written.
public struct FileEditBody: RequestBody, Encodable, Equatable {
    /// One replacement.
    public struct Edit: Sendable, Codable, Equatable {
        public var old: String
        public var new: String
        /// How often `old` must occur; 1 where it is left out.
        public var count: Int?

        /// Creates a replacement.
        public init(old: String, new: String, count: Int? = nil) {
            self.old = old
            self.new = new
            self.count = count
        }
    }

    public var path: WirePath
    public var edits: [Edit]

    /// Creates a wish.
    public init(path: FilePath, edits: [Edit]) {
        self.path = WirePath(path)
        self.edits = edits
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case path, edits }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What an edit did.
public struct FileEditResultBody: Sendable, Codable, Equatable {
    public var replaced: Int
    public var size: UInt64

    /// Creates a result.
    public init(replaced: Int, size: UInt64) {
        self.replaced = replaced
        self.size = size
    }
}

/// What an import refused.
public struct ImportResultBody: Sendable, Codable, Equatable {
    /// One refused entry.
    public struct Refused: Sendable, Codable, Equatable {
        public var path: WirePath
        public var reason: String
        /// Creates a refusal.
        public init(path: WirePath, reason: String) {
            self.path = path
            self.reason = reason
        }
    }
    public var refused: [Refused]
    /// Creates a result.
    public init(refused: [Refused]) { self.refused = refused }
}

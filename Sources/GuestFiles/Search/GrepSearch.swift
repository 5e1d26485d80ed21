internal import Glibc
internal import GuestProtocol

/// Finds lines in the regular files of a tree (or in one file), in the order of the manifest. Paths of matches are absolute. Binary files, and
/// files and folders that cannot be read, are passed over.
enum GrepSearch {
    static func run(_ query: GrepQuery, in conversation: Conversation) throws -> GuestResponse {
        try Paths.check(query.root)
        let matcher = try LineMatcher(pattern: query.pattern, isLiteral: query.isLiteral, ignoresCase: query.ignoresCase)
        let glob = query.glob.isEmpty ? nil : try GlobPattern(query.glob)
        let globHasSlash = query.glob.contains(slash)
        let scanner = LineScanner(
            matcher: matcher, context: min(Int(query.context), FileLimits.contextLines), budget: ResponseBudget(limit: query.limit))
        guard let status = Status(query.root, followsLinks: true) else { throw GuestFailure.last("grep in", query.root) }
        guard status.kind == .directory else {
            try Reading.require(regular: status, query.root)
            guard let file = Descriptor.open(query.root, flags: OpenFlag.content) else {
                throw GuestFailure.last("open to grep", query.root)
            }
            try scanner.scan(file, path: query.root, conversation)
            return .matches(scanner.matches, truncated: scanner.isFull)
        }
        let root = try Paths.openRoot(query.root)
        try TreeWalker(root: root, label: query.root, unreadable: .skips).walk { node in
            if !query.includesHidden, node.name.first == UInt8(ascii: ".") { return .skip }
            if node.kind == .directory { try conversation.checkStopped() }
            guard node.kind == .regular else { return .descend }
            if let glob {
                guard glob.matches(globHasSlash ? node.path : node.name, includesHidden: query.includesHidden) else { return .skip }
            }
            guard let file = Descriptor.open(node.name, in: node.directory.number, flags: OpenFlag.content | O_NOFOLLOW),
                (try? file.status(node.path))?.kind == .regular
            else { return .skip }
            try scanner.scan(file, path: query.root.appending(name: node.path), conversation)
            return scanner.isFull ? .finish : .skip
        }
        return .matches(scanner.matches, truncated: scanner.isFull)
    }
}

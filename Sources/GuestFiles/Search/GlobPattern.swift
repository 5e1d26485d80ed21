internal import GuestProtocol

/// A pattern for paths below a root: names as in `NamePattern` between slashes, `**` for any number of folders (at the end: for everything below),
/// `{a,b}` for alternatives, nested too. A slash at the end asks for directories only. Hidden names need their dot in the pattern.
struct GlobPattern {
    private enum Part: Equatable {
        case anyDepth
        case name(NamePattern)
    }

    private let alternatives: [[Part]]
    let directoriesOnly: Bool

    init(_ pattern: [UInt8]) throws {
        guard !pattern.isEmpty, !pattern.contains(0) else { throw GuestFailure.invalid("a glob pattern must not be empty or contain NUL") }
        guard pattern.count <= FileLimits.pattern else {
            throw GuestFailure.invalid("a glob pattern has at most \(FileLimits.pattern) bytes")
        }
        guard pattern.first != slash else { throw GuestFailure.invalid("a glob pattern is relative to its root") }
        directoriesOnly = pattern.last == slash
        alternatives = try Braces.expand(pattern).map { try GlobPattern.parts($0) }
    }

    private static func parts(_ pattern: [UInt8]) throws -> [Part] {
        var parts: [Part] = []
        for piece in pattern.split(separator: slash) where !piece.elementsEqual([UInt8].dot) {
            if piece.elementsEqual([UInt8].dotDot) { throw GuestFailure.invalid("a glob pattern cannot leave its root by ..") }
            if piece.elementsEqual("**".utf8) {
                if parts.last != .anyDepth { parts.append(.anyDepth) }
            } else {
                parts.append(.name(NamePattern(piece)))
            }
        }
        if parts.last == .anyDepth { parts.append(.name(NamePattern([UInt8(ascii: "*")]))) }
        return parts
    }

    /// Where a walk stands in all alternatives at once.
    struct Position {
        fileprivate var states: [(alternative: Int, part: Int)]
        /// Whether the path so far is a match.
        fileprivate(set) var isMatch = false
        /// Whether something below can match.
        var leadsOn: Bool { !states.isEmpty }
    }

    /// At the root.
    var start: Position {
        var position = Position(states: [])
        for index in alternatives.indices { add(index, 0, to: &position) }
        return position
    }

    /// One name further.
    func advance(_ position: Position, _ name: [UInt8], includesHidden: Bool) -> Position {
        var next = Position(states: [])
        for (alternative, part) in position.states {
            switch alternatives[alternative][part] {
            case .anyDepth:
                if includesHidden || name.first != UInt8(ascii: ".") { add(alternative, part, to: &next) }
            case .name(let pattern):
                if pattern.matches(name, includesHidden: includesHidden) { add(alternative, part + 1, to: &next) }
            }
        }
        return next
    }

    /// True when the pattern fits the whole relative path.
    func matches(_ path: [UInt8], includesHidden: Bool) -> Bool {
        var position = start
        for name in path.split(separator: slash) { position = advance(position, Array(name), includesHidden: includesHidden) }
        return position.isMatch
    }

    private func add(_ alternative: Int, _ part: Int, to position: inout Position) {
        let parts = alternatives[alternative]
        if part == parts.count {
            // An alternative without parts is the root itself, which is no result.
            if part > 0 { position.isMatch = true }
            return
        }
        if position.states.contains(where: { $0 == (alternative, part) }) { return }
        position.states.append((alternative, part))
        if parts[part] == .anyDepth { add(alternative, part + 1, to: &position) }
    }
}

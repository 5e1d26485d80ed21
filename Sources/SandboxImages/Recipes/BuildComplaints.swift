/// What package managers say about names that they do not have and about full disks, read from the lines of a failed build. They say it in no
/// other way.
public struct BuildComplaints: Sendable {
    /// The names, in the order in which they came, each once.
    public private(set) var unknown: [String] = []

    /// Nothing more could be written.
    public private(set) var diskIsFull = false

    /// Nothing was heard yet.
    public init() {}

    /// Reads one line.
    public mutating func hear(_ line: String) {
        let line = line.trimmed
        if line.lowercased().contains("no space left on device") { diskIsFull = true }
        if let name = line.after("E: Unable to locate package ") { return add(name) }
        if let rest = line.after("E: Package '"), let end = rest.range(of: "' has no installation candidate") {
            return add(rest[..<end])
        }
        if let end = line.range(of: " (no such package):") { return add(line[..<end]) }
        if let name = line.after("No match for argument: ") { return add(name) }
        if let rest = line.after("error: No package matches '") { return add(rest.prefix { $0 != "'" }) }
        if let names = line.after("Error: Unable to find a match: ") { for name in names.split(separator: " ") { add(name) } }
    }

    private mutating func add(_ name: some StringProtocol) {
        let name = String(name)
        // The lines come from a build, so what is no name is not passed on as one.
        guard PackageMap.isWellFormed(name), !unknown.contains(name), unknown.count < 100 else { return }
        unknown.append(name)
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}

extension String {
    fileprivate func after(_ prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }

    fileprivate func range(of text: String) -> String.Index? { firstRange(of: text)?.lowerBound }
}

extension Substring {
    fileprivate func range(of text: String) -> Substring.Index? { firstRange(of: text)?.lowerBound }
}

public import SandboxCore

/// How a promise fared when it was tried.
public enum Verdict: String, Sendable, Codable, CaseIterable {
    /// It was kept.
    case held
    /// It was given and not kept.
    case open
    /// This backend does not give it; the detail says why, and what was found.
    case notPromised = "not promised"
    /// It could not be tried; the detail says why.
    case couldNotRun = "could not run"
}

/// What a run of a suite found on one backend.
public struct SuiteReport: Sendable, Codable, Equatable {
    /// Which suite.
    public enum Suite: String, Sendable, Codable {
        case conformance
        case attack
    }

    /// One case.
    public struct Entry: Sendable, Codable, Equatable {
        /// The case's id.
        public var id: String
        /// What is promised, or what is tried.
        public var summary: String
        /// How it went.
        public var verdict: Verdict
        /// Why it is not `held`, or how it was refused.
        public var detail: String?
        /// Seconds that it took.
        public var seconds: Double

        /// Creates an entry.
        public init(id: String, summary: String, verdict: Verdict, detail: String? = nil, seconds: Double = 0) {
            self.id = id
            self.summary = summary
            self.verdict = verdict
            self.detail = detail
            self.seconds = seconds
        }
    }

    /// One thing that the sandbox told of itself.
    public struct Fact: Sendable, Codable, Equatable {
        public var name: String
        public var value: String

        /// Creates a fact.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The suite that was run.
    public var suite: Suite
    /// The backend under test.
    public var backend: BackendID
    /// What it separates by.
    public var isolation: Isolation
    /// In the order of the suite.
    public var entries: [Entry]
    /// What the sandbox told of itself, in the order of telling.
    public var facts: [Fact]

    /// Creates a report.
    public init(_ suite: Suite, backend: BackendID, isolation: Isolation, entries: [Entry], facts: [Fact] = []) {
        self.suite = suite
        self.backend = backend
        self.isolation = isolation
        self.entries = entries
        self.facts = facts
    }

    /// The entries of one verdict.
    public func entries(_ verdict: Verdict) -> [Entry] { entries.filter { $0.verdict == verdict } }

    /// True when no promise was broken.
    public var isKept: Bool { entries(.open).isEmpty }

    /// "bubblewrap: 120 held, 0 open, 7 not promised, 0 could not run".
    public var summary: String {
        "\(backend): " + Verdict.allCases.map { "\(entries($0).count) \($0.rawValue)" }.joined(separator: ", ")
    }

    /// The summary, the facts and a table of all cases, in Markdown.
    public var markdown: String {
        var lines = ["## \(suite.rawValue), \(summary)", ""]
        if !facts.isEmpty { lines += facts.map { "- \($0.name): \(Self.cell($0.value))" } + [""] }
        lines += ["| Case | Verdict | Detail | Seconds |", "|---|---|---|---|"]
        for entry in entries {
            lines.append(
                "| \(entry.id) | \(entry.verdict.rawValue) | \(Self.cell(entry.detail ?? "")) | \((entry.seconds * 100).rounded() / 100) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line of a table's cell: a sandbox has a say in what is told here.
    static func cell(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ").split(separator: "|", omittingEmptySubsequences: false)
            .joined(separator: "\\|").split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
    }
}

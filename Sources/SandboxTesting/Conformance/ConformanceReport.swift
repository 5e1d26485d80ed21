public import SandboxCore

/// What a run of the suite found.
public struct ConformanceReport: Sendable, Codable, Equatable {
    /// How a case went.
    public enum Verdict: String, Sendable, Codable {
        case passed
        case failed
        case skipped
    }

    /// One case.
    public struct Entry: Sendable, Codable, Equatable {
        /// The case's id.
        public var id: String
        /// The promise.
        public var summary: String
        /// How it went.
        public var verdict: Verdict
        /// Why it failed or was skipped.
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

    /// The backend under test.
    public var backend: BackendID
    /// In the order of the suite.
    public var entries: [Entry]

    /// Creates a report.
    public init(backend: BackendID, entries: [Entry]) {
        self.backend = backend
        self.entries = entries
    }

    /// The entries of one verdict.
    public func entries(_ verdict: Verdict) -> [Entry] { entries.filter { $0.verdict == verdict } }

    /// True when no case failed.
    public var isConforming: Bool { entries(.failed).isEmpty }

    /// "bubblewrap: 120 passed, 0 failed, 7 skipped".
    public var summary: String {
        "\(backend): \(entries(.passed).count) passed, \(entries(.failed).count) failed, \(entries(.skipped).count) skipped"
    }

    /// The summary and a table of all cases, in Markdown.
    public var markdown: String {
        var lines = ["## \(summary)", "", "| Case | Verdict | Seconds | Detail |", "|---|---|---|---|"]
        for entry in entries {
            let detail = (entry.detail ?? "").split(separator: "\n").joined(separator: " ").split(separator: "|").joined(separator: "\\|")
            lines.append("| \(entry.id) | \(entry.verdict.rawValue) | \((entry.seconds * 100).rounded() / 100) | \(detail) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

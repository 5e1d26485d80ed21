/// What a base says about packages, before anything is built.
public struct PackageReport: Sendable, Codable, Equatable {
    /// What was found about one of them.
    public enum Verdict: String, Sendable, Codable, CaseIterable {
        /// The base has it.
        case installed
        /// It would be installed.
        case missing
        /// The distribution has nothing of the kind.
        case unavailable
        /// No name that is known here.
        case unknown
    }

    /// One package.
    public struct Entry: Sendable, Codable, Equatable {
        /// As it was asked for.
        public var name: String
        /// As the distribution calls it: one name can be several packages.
        public var packages: [String]
        public var verdict: Verdict

        /// Creates an entry.
        public init(name: String, packages: [String], verdict: Verdict) {
            self.name = name
            self.packages = packages
            self.verdict = verdict
        }
    }

    public var base: String
    /// For people.
    public var distribution: String
    /// `apt`, `dnf` or `apk`.
    public var packageManager: String
    /// In the order in which they were asked for.
    public var entries: [Entry]

    /// Creates a report.
    public init(base: String, distribution: String, packageManager: String, entries: [Entry]) {
        self.base = base
        self.distribution = distribution
        self.packageManager = packageManager
        self.entries = entries
    }
}

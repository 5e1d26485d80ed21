/// What the examination of the server's machine found.
public struct DoctorBody: Sendable, Codable, Equatable {
    /// One finding.
    public struct Finding: Sendable, Codable, Equatable {
        /// What was looked at: a backend, `settings`, `data directory`, …
        public var subject: String
        /// `good`, `lacking` or `broken`.
        public var verdict: String
        public var message: String
        public var remedy: String?

        /// Creates a finding.
        public init(subject: String, verdict: String, message: String, remedy: String?) {
            self.subject = subject
            self.verdict = verdict
            self.message = message
            self.remedy = remedy
        }
    }

    public var findings: [Finding]

    /// Creates a report.
    public init(findings: [Finding]) { self.findings = findings }
}

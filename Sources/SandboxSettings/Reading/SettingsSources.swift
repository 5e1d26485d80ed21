/// Everything that settings are read from, as values, so that reading them has no side effects.
public struct SettingsSources: Sendable {
    /// Dotted name and text, as given on the command line or by the embedding program.
    public var flags: [(name: String, text: String)]
    public var environment: [String: String]
    /// Nil when there is no file.
    public var file: (path: String, text: String)?

    /// Creates sources.
    public init(flags: [(name: String, text: String)] = [], environment: [String: String] = [:], file: (path: String, text: String)? = nil)
    {
        self.flags = flags
        self.environment = environment
        self.file = file
    }
}

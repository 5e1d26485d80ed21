public import SystemPackage

/// Where the key of the sealed store is kept, in the order in which a new store chooses.
public enum KeySource: String, Sendable, Codable, CaseIterable {
    /// What a command prints.
    case command
    /// A file that somebody else provides.
    case file
    /// The operating system's keyring.
    case keyring
    /// A private file beside the store: no better protected than what it opens, but kept out of a copy of that alone.
    case keyFile = "key-file"

    /// For people.
    public var words: String {
        switch self {
        case .command: "the key command"
        case .file: "the named key file"
        case .keyring: "the system's keyring"
        case .keyFile: "a key file in the data directory"
        }
    }
}

/// What the user decided about keys.
public struct KeySettings: Sendable {
    /// A program and its arguments that prints the key; nil for none.
    public var command: [String]?
    /// A file that holds the key; nil for none.
    public var file: FilePath?
    /// Whether a keyring is used where there is one.
    public var usesKeyring: Bool

    /// Creates settings.
    public init(command: [String]? = nil, file: FilePath? = nil, usesKeyring: Bool = true) {
        self.command = command
        self.file = file
        self.usesKeyring = usesKeyring
    }
}

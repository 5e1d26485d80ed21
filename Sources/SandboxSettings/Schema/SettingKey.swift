import SandboxCore

/// The type of a setting's value.
public enum SettingKind: Sendable, Hashable {
    case text
    case path
    case integer(minimum: Int?, maximum: Int?)
    /// Greater than zero.
    case positiveNumber
    case boolean
    /// One of these words.
    case choice([String])
    case textList
    /// A list of these words, each at most once.
    case choiceList([String])
    /// Bytes, written `512M`.
    case size
    /// Written `30s`.
    case duration
    /// Text that is never shown.
    case secret

    init(_ kind: SettingDescriptor.Kind) {
        switch kind {
        case .text: self = .text
        case .path: self = .path
        case .integer(let minimum, let maximum): self = .integer(minimum: minimum, maximum: maximum)
        case .boolean: self = .boolean
        case .choice(let words): self = .choice(words)
        case .textList: self = .textList
        case .secret: self = .secret
        }
    }

    /// What a value must look like, for messages and documents.
    public var expectation: String {
        switch self {
        case .text: "text"
        case .path: "a path"
        case .integer(let minimum, let maximum):
            switch (minimum, maximum) {
            case (let low?, let high?): "a whole number from \(low) to \(high)"
            case (let low?, nil): "a whole number of at least \(low)"
            case (nil, let high?): "a whole number of at most \(high)"
            case (nil, nil): "a whole number"
            }
        case .positiveNumber: "a number greater than 0"
        case .boolean: "true or false"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .textList: "a list of texts"
        case .choiceList(let words): "a list of " + words.joined(separator: ", ")
        case .size: "a size such as \"512M\" or \"1.5G\""
        case .duration: "a duration such as \"30s\" or \"2h\""
        case .secret: "text"
        }
    }
}

/// One setting: its place, its type and its meaning.
public struct SettingKey: Sendable, Hashable {
    /// Its place in the file: `["limits", "memory"]`.
    public var path: [String]
    public var kind: SettingKind
    /// One sentence.
    public var summary: String
    public var defaultValue: SettingValue?
    /// Environment variables that set it, besides `SANDLOT_…`; the first that is set wins.
    public var aliases: [String]

    /// Creates a key.
    public init(_ path: [String], _ kind: SettingKind, _ summary: String, default defaultValue: SettingValue? = nil, aliases: [String] = [])
    {
        self.path = path
        self.kind = kind
        self.summary = summary
        self.defaultValue = defaultValue
        self.aliases = aliases
    }

    /// `limits.memory`.
    public var name: String { path.joined(separator: ".") }

    /// The variable that sets it: `SANDLOT_LIMITS__MEMORY`.
    public var environmentName: String {
        SettingsSchema.environmentPrefix + path.map { $0.uppercased().replacing("-", with: "_") }.joined(separator: "__")
    }
}

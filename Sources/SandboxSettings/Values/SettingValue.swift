/// A setting's value after it was checked against its kind.
public enum SettingValue: Sendable, Hashable, CustomStringConvertible {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([String])
    /// Bytes.
    case size(UInt64)
    case duration(Duration)
    case secret(SecretReference)

    /// For people; a secret shows where it is, or as its placeholder.
    public var description: String {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .boolean(let truth): truth ? "true" : "false"
        case .list(let words): words.joined(separator: ", ")
        case .size(let bytes): ByteSize.text(bytes)
        case .duration(let duration): DurationText.text(duration)
        case .secret(let reference): reference.description
        }
    }
}

/// Where a value came from.
public enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
    /// A command-line flag or an argument of the embedding program.
    case flag
    /// A `SANDLOT_…` variable.
    case environment(name: String)
    /// A line, counted from 1, of a file.
    case file(path: String, line: Int)
    /// A variable that other tools use too.
    case alias(name: String)
    case `default`

    /// For people: `config.toml:3`, `$SANDLOT_MODE`.
    public var description: String {
        switch self {
        case .flag: "flag"
        case .environment(let name), .alias(let name): "$\(name)"
        case .file(let path, let line): "\(path):\(line)"
        case .default: "default"
        }
    }

    /// The stable word for JSON.
    public var word: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .file: "file"
        case .alias: "alias"
        case .default: "default"
        }
    }
}

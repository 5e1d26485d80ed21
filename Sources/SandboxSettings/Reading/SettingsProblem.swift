import SandboxCore

/// Something wrong with a setting, and where.
public struct SettingsProblem: Sendable, Hashable, CustomStringConvertible {
    /// The file's path, or a variable's name.
    public var source: String
    /// From 1; nil outside of files.
    public var line: Int?
    public var column: Int?
    /// The setting's dotted name, as found.
    public var key: String?
    public var message: String
    public var remedy: String?

    /// `config.toml:3:1: message`.
    public var description: String {
        var place = source
        if let line { place += ":\(line)" }
        if let column { place += ":\(column)" }
        return "\(place): \(message)"
    }
}

extension SandboxError {
    /// The first of several problems, and how many there are.
    init(_ problems: [SettingsProblem]) {
        let first = problems.first
        var message = first?.description ?? "the settings are not usable"
        if problems.count > 1 { message += " (and \(problems.count - 1) more; `sandlot config check` lists them)" }
        self.init(.invalidArgument, message, remedy: first?.remedy)
    }
}

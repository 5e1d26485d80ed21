public import SandboxCore

/// A setting with its value and where that came from.
public struct ResolvedSetting: Sendable, Hashable {
    public var key: SettingKey
    /// Nil when nothing sets it and it has no default.
    public var value: SettingValue?
    public var origin: SettingOrigin

    /// For people; empty when it is not set.
    public var text: String { value?.description ?? "" }
}

/// Every setting, resolved: flag, then `SANDLOT_` variable, then file, then alias, then default.
public struct Settings: Sendable {
    /// What these were read with.
    public let schema: SettingsSchema
    private let resolved: [String: ResolvedSetting]
    /// Not wrong, but worth a word: a secret in plain text.
    public let warnings: [SettingsProblem]

    init(schema: SettingsSchema, resolved: [String: ResolvedSetting], warnings: [SettingsProblem]) {
        self.schema = schema
        self.resolved = resolved
        self.warnings = warnings
    }

    /// Reads and checks everything. Any problem throws `invalidArgument` that names its place, and nothing is applied.
    public init(_ sources: SettingsSources, schema: SettingsSchema) throws {
        let reading = SettingsReading(sources, schema: schema)
        guard reading.problems.isEmpty else { throw SandboxError(reading.problems) }
        self = reading.settings
    }

    /// All settings in the schema's order.
    public var all: [ResolvedSetting] { schema.keys.compactMap { resolved[$0.name] } }

    /// One setting by its dotted name; nil when there is none of that name.
    public subscript(name: String) -> ResolvedSetting? { resolved[name] }

    /// The general settings, typed.
    public func general() throws -> GeneralSettings { try GeneralSettings(self) }

    /// The scope of one backend.
    public func backend(_ id: BackendID) -> BackendSettings { BackendSettings(id: id, settings: self) }

    func text(_ name: String) -> String? { if case .text(let text) = resolved[name]?.value { text } else { nil } }
    func integer(_ name: String) -> Int? { if case .integer(let number) = resolved[name]?.value { number } else { nil } }
    func number(_ name: String) -> Double? { if case .number(let number) = resolved[name]?.value { number } else { nil } }
    func boolean(_ name: String) -> Bool? { if case .boolean(let truth) = resolved[name]?.value { truth } else { nil } }
    func list(_ name: String) -> [String] { if case .list(let words) = resolved[name]?.value { words } else { [] } }
    func size(_ name: String) -> UInt64? { if case .size(let bytes) = resolved[name]?.value { bytes } else { nil } }
    func duration(_ name: String) -> Duration? { if case .duration(let duration) = resolved[name]?.value { duration } else { nil } }
    func secret(_ name: String) -> SecretReference? { if case .secret(let reference) = resolved[name]?.value { reference } else { nil } }
}

/// The settings of one backend, by the keys of its descriptor.
public struct BackendSettings: Sendable {
    /// Whose they are.
    public let id: BackendID
    private let settings: Settings

    init(id: BackendID, settings: Settings) {
        self.id = id
        self.settings = settings
    }

    /// Text, a path or a choice; nil when it is not set.
    public func text(_ key: String) -> String? { settings.text(name(key)) }
    /// A whole number; nil when it is not set.
    public func integer(_ key: String) -> Int? { settings.integer(name(key)) }
    /// A truth value; nil when it is not set.
    public func boolean(_ key: String) -> Bool? { settings.boolean(name(key)) }
    /// A list; empty when it is not set.
    public func list(_ key: String) -> [String] { settings.list(name(key)) }
    /// Where a secret is, or itself; nil when it is not set.
    public func secret(_ key: String) -> SecretReference? { settings.secret(name(key)) }
    /// Where the value came from; nil for an unknown key.
    public func origin(_ key: String) -> SettingOrigin? { settings[name(key)]?.origin }

    /// Everything that is set, as texts: one element for each value that is not a list. Without the secrets, which are looked up where they are
    /// used.
    public func texts() -> [String: [String]] {
        var texts: [String: [String]] = [:]
        for setting in settings.all where setting.key.path.count == 3 && setting.key.path.starts(with: ["backends", id.rawValue]) {
            switch setting.value {
            case nil, .secret: continue
            case .list(let words): texts[setting.key.path[2]] = words
            case .some(let value): texts[setting.key.path[2]] = [value.description]
            }
        }
        return texts
    }

    private func name(_ key: String) -> String { "backends.\(id).\(key)" }
}

import SandboxCore

/// The outcome of reading all sources: what is usable, and everything that is wrong, not just the first thing.
public struct SettingsReading: Sendable {
    /// What would apply if there were no problems.
    public let settings: Settings
    /// Empty means usable.
    public let problems: [SettingsProblem]

    /// Reads and checks; never throws, so that a doctor can show everything at once.
    public init(_ sources: SettingsSources, schema: SettingsSchema) {
        var problems: [SettingsProblem] = []
        var warnings: [SettingsProblem] = []
        var resolved: [String: ResolvedSetting] = [:]
        for key in schema.keys {
            resolved[key.name] = ResolvedSetting(key: key, value: key.defaultValue, origin: .default)
            guard let alias = key.aliases.first(where: { sources.environment[$0]?.isEmpty == false }), let text = sources.environment[alias]
            else { continue }
            Self.apply(text, to: key, from: .alias(name: alias), source: "$\(alias)", into: &resolved, &problems)
        }
        if let file = sources.file {
            let reading = SettingsFile(text: file.text, path: file.path, schema: schema)
            problems += reading.problems
            warnings += reading.warnings
            resolved.merge(reading.values) { _, fromFile in fromFile }
        }
        let byVariable = Dictionary(schema.keys.map { ($0.environmentName, $0) }, uniquingKeysWith: { first, _ in first })
        for (variable, text) in sources.environment.sorted(by: { $0.key < $1.key }) where Self.isSetting(variable) && !text.isEmpty {
            if let key = byVariable[variable] {
                Self.apply(text, to: key, from: .environment(name: variable), source: "$\(variable)", into: &resolved, &problems)
            } else {
                let near = NearestWord.of(variable, among: byVariable.keys.sorted())
                problems.append(
                    SettingsProblem(
                        source: "$\(variable)", message: "there is no such setting",
                        remedy: near.map { "did you mean '\($0)'?" } ?? "unset the variable"))
            }
        }
        for flag in sources.flags {
            if let key = schema[flag.name] {
                Self.apply(flag.text, to: key, from: .flag, source: flag.name, into: &resolved, &problems)
            } else {
                problems.append(
                    SettingsProblem(
                        source: flag.name, key: flag.name, message: "there is no such setting",
                        remedy: NearestWord.of(flag.name, among: schema.keys.map(\.name)).map { "did you mean '\($0)'?" }))
            }
        }
        self.problems = problems
        settings = Settings(schema: schema, resolved: resolved, warnings: warnings)
    }

    private static func isSetting(_ variable: String) -> Bool {
        variable.hasPrefix(SettingsSchema.environmentPrefix) && !SettingsSchema.reservedVariables.contains(variable)
            && !variable.hasPrefix("SANDLOT_TEST_")
    }

    private static func apply(
        _ text: String, to key: SettingKey, from origin: SettingOrigin, source: String, into resolved: inout [String: ResolvedSetting],
        _ problems: inout [SettingsProblem]
    ) {
        do {
            let value: SettingValue
            if case .alias = origin, key.kind == .secret {
                // What other tools put into their variables is the value itself, whatever it looks like.
                value = .secret(.plain(Secret(text)))
            } else {
                value = try SettingParser.value(from: text, as: key.kind)
            }
            resolved[key.name] = ResolvedSetting(key: key, value: value, origin: origin)
        } catch {
            let failure = error as? SandboxError
            problems.append(
                SettingsProblem(
                    source: source, key: key.name, message: "\(key.name): \(failure?.message ?? "\(error)")", remedy: failure?.remedy))
        }
    }
}

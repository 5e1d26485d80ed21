import SandboxCore

/// Changes a settings file: checked before and after, written whole or not at all.
public struct SettingsEditor: Sendable {
    /// The file.
    public let path: String
    private let schema: SettingsSchema

    /// Edits the file at a path; it need not exist.
    public init(path: String, schema: SettingsSchema) {
        self.path = path
        self.schema = schema
    }

    /// Sets a setting from text. Returns warnings about what was set. Throws and writes nothing when the key is unknown, the value does not
    /// fit, the file is not TOML, or the change would break it.
    @discardableResult
    public func set(_ name: String, to text: String) throws -> [SettingsProblem] {
        let key = try schema.key(named: name)
        let value: SettingValue
        do {
            value = try SettingParser.value(from: text, as: key.kind)
        } catch let error as SandboxError {
            throw SandboxError(error.code, "\(name): \(error.message)", remedy: error.remedy)
        }
        return try edit(key) { file in
            try file.set(key.path, to: value.literal)
        } expecting: {
            $0 == value
        }
    }

    /// The secrets that stand in the file themselves, by setting. Throws when the file is not TOML.
    public func plainSecrets() throws -> [(key: SettingKey, secret: Secret)] {
        let file = SettingsFile(text: try SettingsFileAccess.read(path) ?? "", path: path, schema: schema)
        guard file.isReadable else { throw SandboxError(file.problems) }
        return schema.keys.compactMap { key in
            guard case .secret(.plain(let secret))? = file.values[key.name]?.value else { return nil }
            return (key, secret)
        }
    }

    /// Removes a setting from the file, so that the next source counts. False when the file does not set it.
    public func unset(_ name: String) throws -> Bool {
        // A name that the schema does not know may be unset too: that mends a file that has it.
        let key = schema[name] ?? SettingKey(name.split(separator: ".").map(String.init), .text, "")
        var found = false
        try edit(key) { file in
            found = try file.unset(key.path)
        } expecting: {
            $0 == nil
        }
        return found
    }

    @discardableResult
    private func edit(
        _ key: SettingKey, _ change: (inout SettingsText) throws -> Void, expecting isRight: (SettingValue?) -> Bool
    ) throws -> [SettingsProblem] {
        let file = try SettingsFileAccess.lock(path)
        defer { file.unlock() }
        let old = try file.read() ?? ""
        let before = SettingsFile(text: old, path: path, schema: schema)
        guard before.isReadable else { throw SandboxError(before.problems) }
        var edited = SettingsText(old)
        try change(&edited)
        guard edited.text != old else { return [] }
        let after = SettingsFile(text: edited.text, path: path, schema: schema)
        let known = Set(before.problems.compactMap(\.key))
        let fresh = after.problems.filter { $0.key.map { !known.contains($0) } ?? true }
        guard after.isReadable, fresh.isEmpty, isRight(after.values[key.name]?.value) else {
            throw SandboxError(
                .unsupported, "\(path) cannot be changed in one line without breaking it", remedy: "set '\(key.name)' by hand",
                cause: fresh.first.map { SandboxError([$0]) })
        }
        try file.replace(with: edited.text)
        return after.warnings.filter { $0.key == key.name }
    }
}

import SandboxCore

extension SettingsSources {
    /// The sources of a process: its environment, the settings file where there is one, and its flags. Throws `notFound` when
    /// `SANDLOT_CONFIG` names a file that does not exist.
    public static func read(
        at locations: SettingsLocations, environment: [String: String], flags: [(name: String, text: String)] = []
    ) throws -> SettingsSources {
        let text = try SettingsFileAccess.read(locations.file)
        if text == nil, locations.isExplicit {
            throw SandboxError(
                .notFound, "SANDLOT_CONFIG names \(locations.file), which does not exist", remedy: "create it, or unset SANDLOT_CONFIG")
        }
        return SettingsSources(flags: flags, environment: environment, file: text.map { (locations.file, $0) })
    }
}

import SandboxCore

/// Where the settings file and the data are, by the rules of the XDG base directories.
public struct SettingsLocations: Sendable, Equatable {
    /// The settings file, whether it exists or not.
    public var file: String
    /// True when `SANDLOT_CONFIG` names the file: then it must exist.
    public var isExplicit: Bool
    /// Where sessions, output and guests are kept unless a setting says otherwise.
    public var dataDirectory: String

    /// Derives the places from an environment. Relative values of the XDG variables are ignored, as their rules demand.
    public init(environment: [String: String], userID: UInt32) throws {
        func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME")
        if let named = environment["SANDLOT_CONFIG"], !named.isEmpty {
            file = named
            isExplicit = true
        } else if let base = absolute("XDG_CONFIG_HOME") ?? home.map({ $0 + "/.config" }) {
            file = base + "/sandlot/config.toml"
            isExplicit = false
        } else {
            file = "/etc/sandlot/config.toml"
            isExplicit = false
        }
        if let base = absolute("XDG_DATA_HOME") {
            dataDirectory = base + "/sandlot"
        } else if userID == 0 {
            dataDirectory = "/var/lib/sandlot"
        } else if let home {
            dataDirectory = home + "/.local/share/sandlot"
        } else {
            throw SandboxError(
                .invalidArgument, "there is no place for Sandlot's data: HOME is not set",
                remedy: "set HOME, XDG_DATA_HOME or SANDLOT_DATA_DIRECTORY")
        }
    }
}

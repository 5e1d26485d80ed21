import SandboxCore
import SandboxSettings

/// A schema with one backend that has a setting of every kind.
let schema = SettingsSchema(backends: [
    BackendDescriptor(
        id: BackendID(unchecked: "tin-can"), name: "tin can", summary: "For tests.", isolation: .container, placement: .local,
        capabilities: [],
        settings: [
            SettingDescriptor(
                key: "socket", kind: .path, summary: "Where it listens.", defaultText: "/run/can.sock", aliases: ["CAN_HOST"]),
            SettingDescriptor(key: "token", kind: .secret, summary: "What it wants.", aliases: ["CAN_TOKEN", "CAN_OIDC_TOKEN"]),
            SettingDescriptor(key: "retries", kind: .integer(minimum: 0, maximum: 9), summary: "How often."),
            SettingDescriptor(key: "rootless", kind: .boolean, summary: "Whether."),
            SettingDescriptor(key: "flavours", kind: .textList, summary: "Which."),
            SettingDescriptor(key: "shape", kind: .choice(["round", "square"]), summary: "How it looks.", defaultText: "round"),
        ]),
    BackendDescriptor(
        id: BackendID(unchecked: "paper"), name: "paper", summary: "Without settings.", isolation: .process, placement: .local,
        capabilities: []),
])

/// Reads one file's text and nothing else.
func read(_ text: String, environment: [String: String] = [:], flags: [(name: String, text: String)] = []) -> SettingsReading {
    SettingsReading(SettingsSources(flags: flags, environment: environment, file: ("config.toml", text)), schema: schema)
}

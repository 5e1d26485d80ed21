import SandboxCore

/// The keys of `[backends.daytona]` besides those that every cloud has.
struct DaytonaSettings: Sendable, Equatable {
    var apiURL: String
    /// The region.
    var target: String?
    /// What sandboxes start from; nil is the service's own default.
    var snapshot: String?
    /// Needed only where the key is a token of a person.
    var organization: String?

    static let descriptors: [SettingDescriptor] =
        [
            SettingDescriptor(key: "api_key", kind: .secret, summary: "The API key.", aliases: ["DAYTONA_API_KEY"]),
            SettingDescriptor(
                key: "api_url", kind: .text, summary: "The API's address.", defaultText: "https://app.daytona.io/api",
                aliases: ["DAYTONA_API_URL"]),
            SettingDescriptor(key: "target", kind: .text, summary: "The region.", aliases: ["DAYTONA_TARGET"]),
            SettingDescriptor(key: "snapshot", kind: .text, summary: "The snapshot that sandboxes start from; none is the service's own."),
            SettingDescriptor(
                key: "organization", kind: .text, summary: "The organization, where the key alone does not say it.",
                aliases: ["DAYTONA_ORGANIZATION_ID"]),
        ] + CloudSettings.descriptors

    init(_ values: [String: [String]]) throws {
        apiURL = CloudSettings.text(values, "api_url") ?? "https://app.daytona.io/api"
        target = CloudSettings.text(values, "target")
        snapshot = CloudSettings.text(values, "snapshot")
        organization = CloudSettings.text(values, "organization")
    }

    func address() throws -> CloudAddress { try CloudAddress(parsing: apiURL, setting: "backends.daytona.api_url") }
}

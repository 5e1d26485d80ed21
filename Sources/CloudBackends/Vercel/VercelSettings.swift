import SandboxCore

/// The keys of `[backends.vercel]` besides those that every cloud has.
struct VercelSettings: Sendable, Equatable {
    var apiURL: String
    var team: String?
    var project: String?
    var region: String?
    /// What sandboxes start from; nil is the service's own default.
    var image: String?
    /// Asks for one of the older runtimes instead of an image.
    var runtime: String?

    static let descriptors: [SettingDescriptor] =
        [
            SettingDescriptor(
                key: "oidc_token", kind: .secret, summary: "The project's OIDC token; comes before the access token.",
                aliases: ["VERCEL_OIDC_TOKEN"]),
            SettingDescriptor(key: "token", kind: .secret, summary: "An access token.", aliases: ["VERCEL_TOKEN"]),
            SettingDescriptor(
                key: "team", kind: .text, summary: "The team's id, where the token does not say it.", aliases: ["VERCEL_TEAM_ID"]),
            SettingDescriptor(
                key: "project", kind: .text, summary: "The project's id, where the token does not say it.", aliases: ["VERCEL_PROJECT_ID"]),
            SettingDescriptor(key: "api_url", kind: .text, summary: "The API's address.", defaultText: "https://vercel.com/api"),
            SettingDescriptor(key: "region", kind: .text, summary: "The region.", aliases: ["VERCEL_REGION"]),
            SettingDescriptor(
                key: "service_image", kind: .text, summary: "The service's image that sandboxes start from; none is its own default."),
            SettingDescriptor(
                key: "runtime", kind: .text, summary: "One of the service's older runtimes (node24, python3.13) instead of an image."),
        ] + CloudSettings.descriptors

    init(_ values: [String: [String]]) throws {
        apiURL = CloudSettings.text(values, "api_url") ?? "https://vercel.com/api"
        team = CloudSettings.text(values, "team")
        project = CloudSettings.text(values, "project")
        region = CloudSettings.text(values, "region")
        image = CloudSettings.text(values, "service_image")
        runtime = CloudSettings.text(values, "runtime")
        guard image == nil || runtime == nil else {
            throw SandboxError(
                .invalidArgument, "backends.vercel names both service_image and runtime", remedy: "use one of them",
                backend: VercelBackend.id)
        }
    }

    func address() throws -> CloudAddress { try CloudAddress(parsing: apiURL, setting: "backends.vercel.api_url") }
}

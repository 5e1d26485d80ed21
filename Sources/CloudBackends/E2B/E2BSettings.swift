import SandboxCore

/// The keys of `[backends.e2b]` besides those that every cloud has.
struct E2BSettings: Sendable, Equatable {
    /// The service's domain; addresses are made from it.
    var domain: String
    /// The control plane, where it is not the domain's.
    var apiURL: String?
    /// The sandboxes' daemons, where they are not the domain's.
    var sandboxURL: String?
    /// What sandboxes start from.
    var template: String

    static let descriptors: [SettingDescriptor] =
        [
            SettingDescriptor(key: "api_key", kind: .secret, summary: "The API key.", aliases: ["E2B_API_KEY"]),
            SettingDescriptor(
                key: "domain", kind: .text, summary: "The service's domain.", defaultText: "e2b.app", aliases: ["E2B_DOMAIN"]),
            SettingDescriptor(
                key: "api_url", kind: .text, summary: "The control plane's address, where it is not the domain's.", aliases: ["E2B_API_URL"]
            ),
            SettingDescriptor(
                key: "sandbox_url", kind: .text, summary: "The address of the sandboxes' daemons, where it is not the domain's.",
                aliases: ["E2B_SANDBOX_URL"]),
            SettingDescriptor(key: "template", kind: .text, summary: "The template that sandboxes start from.", defaultText: "base"),
        ] + CloudSettings.descriptors

    init(_ values: [String: [String]]) throws {
        domain = CloudSettings.text(values, "domain") ?? "e2b.app"
        apiURL = CloudSettings.text(values, "api_url")
        sandboxURL = CloudSettings.text(values, "sandbox_url")
        template = CloudSettings.text(values, "template") ?? "base"
        let isName = domain.utf8.allSatisfy { byte in
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x2E
        }
        guard isName, !domain.isEmpty else {
            throw SandboxError(
                .invalidArgument, "the setting domain is '\(domain.prefix(80))'", remedy: "write a domain's name, as e2b.app")
        }
    }

    func controlPlane() throws -> CloudAddress {
        try CloudAddress(parsing: apiURL ?? "https://api.\(domain)", setting: "backends.e2b.api_url")
    }

    /// One address for all sandboxes, which a header then names; or one for each.
    func dataPlane(of sandbox: String, domain told: String?) throws -> CloudAddress {
        if let sandboxURL { return try CloudAddress(parsing: sandboxURL, setting: "backends.e2b.sandbox_url") }
        let domain = told ?? domain
        let isShared = ["e2b.app", "e2b.dev"].contains(domain)
        return try CloudAddress(
            parsing: isShared ? "https://sandbox.\(domain)" : "https://\(E2BDoor.port)-\(sandbox).\(domain)",
            setting: "backends.e2b.domain")
    }
}

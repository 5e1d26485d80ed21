public import SandboxCore

/// Sandboxes of Vercel.
public enum VercelBackend {
    /// The backend's name.
    public static let id = BackendID(unchecked: "vercel")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "Vercel Sandbox",
        summary: "Micro virtual machines at Vercel, with an access token; costs money while a sandbox lives.",
        isolation: .microVM, placement: .cloud,
        capabilities: [
            .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .privateFileSystem, .processIsolation,
        ],
        // What runs elsewhere, and is paid for, is never chosen by itself.
        onlyByName: true, settings: VercelSettings.descriptors)

    /// Creates the backend; nothing is asked.
    ///
    /// - Parameters:
    ///   - settings: the scope `[backends.vercel]`, one element for each value that is not a list.
    ///   - secret: the value of a secret setting (`oidc_token`, `token`), looked up for each call and not kept; nil when it is not set.
    public static func make(
        host: CloudHost, settings: [String: [String]], secret: @escaping @Sendable (String) async throws -> String?
    ) throws -> CloudBackend {
        let own = try VercelSettings(settings)
        return CloudBackend(
            description, service: try VercelService(settings: own, logger: host.logger, secret: secret),
            settings: try CloudSettings(settings), host: host)
    }
}

public import SandboxCore

/// Sandboxes of E2B, or of a service that speaks its protocol.
public enum E2BBackend {
    /// The backend's name.
    public static let id = BackendID(unchecked: "e2b")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "E2B", summary: "Micro virtual machines at E2B, with an API key; costs money while a sandbox lives.",
        isolation: .microVM, placement: .cloud,
        capabilities: [
            .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .privateFileSystem, .processIsolation,
        ],
        // What runs elsewhere, and is paid for, is never chosen by itself.
        onlyByName: true, settings: E2BSettings.descriptors)

    /// Creates the backend; nothing is asked.
    ///
    /// - Parameters:
    ///   - settings: the scope `[backends.e2b]`, one element for each value that is not a list.
    ///   - key: the API key, looked up for each call and not kept; nil when it is not set.
    public static func make(
        host: CloudHost, settings: [String: [String]], key: @escaping @Sendable () async throws -> String?
    ) throws -> CloudBackend {
        let own = try E2BSettings(settings)
        return CloudBackend(
            description, service: try E2BService(settings: own, logger: host.logger, key: key), settings: try CloudSettings(settings),
            host: host)
    }
}

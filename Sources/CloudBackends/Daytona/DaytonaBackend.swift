public import SandboxCore

/// Sandboxes of Daytona, at the service or self-hosted.
public enum DaytonaBackend {
    /// The backend's name.
    public static let id = BackendID(unchecked: "daytona")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "Daytona", summary: "Containers at Daytona, with an API key; costs money while a sandbox lives.",
        isolation: .container, placement: .cloud,
        capabilities: [
            .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .privateFileSystem, .processIsolation,
        ],
        // What runs elsewhere, and is paid for, is never chosen by itself.
        onlyByName: true, settings: DaytonaSettings.descriptors)

    /// Creates the backend; nothing is asked.
    ///
    /// - Parameters:
    ///   - settings: the scope `[backends.daytona]`, one element for each value that is not a list.
    ///   - key: the API key, looked up for each call and not kept; nil when it is not set.
    public static func make(
        host: CloudHost, settings: [String: [String]], key: @escaping @Sendable () async throws -> String?
    ) throws -> CloudBackend {
        let own = try DaytonaSettings(settings)
        return CloudBackend(
            description, service: try DaytonaService(settings: own, logger: host.logger, key: key), settings: try CloudSettings(settings),
            host: host)
    }
}

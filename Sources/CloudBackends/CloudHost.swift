public import Logging
public import SystemPackage

/// What the cloud backends know of the process that they live in.
public struct CloudHost: Sendable {
    public var logger: Logger
    /// Finds the static guest executable, or says why there is none.
    public var guest: @Sendable () throws -> FilePath

    /// Creates it from its parts.
    public init(logger: Logger, guest: @escaping @Sendable () throws -> FilePath) {
        self.logger = logger
        self.guest = guest
    }
}

public import Logging
public import SandboxCore

/// What was made of a sandbox before its making failed.
public struct UnfinishedSandbox: Sendable {
    private let id: SandboxID
    private let logger: Logger
    private let removal: @Sendable () async throws -> Void

    /// - Parameter removal: removes all of it, however far the making came.
    public init(_ id: SandboxID, logger: Logger, removal: @escaping @Sendable () async throws -> Void) {
        self.id = id
        self.logger = logger
        self.removal = removal
    }

    /// Removes it, also when the task that made it is cancelled. The failure that led here is the caller's to throw; one of the removal is
    /// logged, and the reaper tries again.
    public func abandon() async {
        let removing = Task {
            do {
                try await removal()
            } catch {
                logger.error(
                    "a sandbox that could not be made could not be removed either",
                    metadata: ["sandbox.id": "\(id)", "error": "\(error)"])
            }
        }
        await removing.value
    }
}

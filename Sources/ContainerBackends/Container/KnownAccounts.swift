import Synchronization

/// The users and groups of the images that were used lately, by the images' ids: an image does not change.
final class KnownAccounts: Sendable {
    private static let limit = 64
    private let state = Mutex<[String: ContainerAccounts]>([:])

    /// From memory, else from a container that was made of the image and not started.
    func accounts(of image: String, container: String, engine: EngineAPI) async throws -> ContainerAccounts {
        if let known = state.withLock({ $0[image] }) { return known }
        let users = try await engine.file("/etc/passwd", of: container)
        let groups = try await engine.file("/etc/group", of: container)
        let found = ContainerAccounts(users: users ?? ContainerAccounts.none.users, groups: groups ?? ContainerAccounts.none.groups)
        state.withLock { state in
            if state.count >= Self.limit { state.removeAll() }
            state[image] = found
        }
        return found
    }
}

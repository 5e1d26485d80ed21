import SandboxCore
import Synchronization

/// Lets only so many sandboxes of one owner live at once: what is forgotten at a service costs money.
actor CloudAdmission {
    private let most: Int
    private let backend: BackendID
    private var making: [OwnerLabel: Set<SandboxID>] = [:]

    init(most: Int, backend: BackendID) {
        self.most = most
        self.backend = backend
    }

    /// Takes a place for a sandbox that is about to be made; `leave` when its making is over, well or not.
    ///
    /// Throws `alreadyExists` when it lives already, `limitExceeded` when there is no place.
    func enter(_ id: SandboxID, owner: OwnerLabel, living: @Sendable () async throws -> Set<SandboxID>) async throws {
        guard making[owner, default: []].insert(id).inserted else { throw taken(id) }
        do {
            let living = try await living()
            guard !living.contains(id) else { throw taken(id) }
            guard living.union(making[owner, default: []]).count <= most else {
                throw SandboxError(
                    .limitExceeded, "\(living.count) sandboxes of this Sandlot live at the service, and \(most) may",
                    remedy: "end some (`sandlot session list`), or raise backends.\(backend).max_sandboxes", backend: backend)
            }
        } catch {
            leave(id, owner: owner)
            throw error
        }
    }

    func leave(_ id: SandboxID, owner: OwnerLabel) {
        making[owner]?.remove(id)
        if making[owner]?.isEmpty == true { making[owner] = nil }
    }

    private func taken(_ id: SandboxID) -> SandboxError {
        SandboxError(.alreadyExists, "there is a sandbox '\(id)' at the service already", remedy: "use a fresh id", backend: backend)
    }
}

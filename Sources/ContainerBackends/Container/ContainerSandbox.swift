import GuestClient
import SandboxCore

/// A sandbox in a container: the guest does everything, the backend only knows how to end it.
struct ContainerSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let removal: ContainerRemoval

    /// A container without capabilities has one user: nothing in it can become another.
    func start(_ request: ExecRequest) async throws -> any RunningExec {
        if let user = request.user, let own = reference.locator["user"], user != own, user != own.prefix(while: { $0 != ":" }) {
            throw SandboxError(
                .unsupported, "exec \(request.id): commands of this sandbox run as \(own), not as '\(user)'", remedy: "leave the user out",
                backend: reference.backend)
        }
        return try await guest.start(request)
    }

    func destroy() async throws {
        guest.close()
        try await removal.remove(reference)
    }
}

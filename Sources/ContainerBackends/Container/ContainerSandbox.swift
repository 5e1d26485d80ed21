import GuestClient
import SandboxCore

/// A sandbox in a container: the guest does everything, the backend only knows how to end it.
struct ContainerSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let removal: ContainerRemoval

    func destroy() async throws {
        guest.close()
        try await removal.remove(reference)
    }
}

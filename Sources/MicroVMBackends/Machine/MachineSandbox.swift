import GuestClient
import SandboxCore

/// A sandbox in a machine of its own: the guest does everything, the backend only knows how to end it.
struct MachineSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let removal: MachineRemoval

    func destroy() async throws {
        guest.close()
        try await removal.remove(reference)
    }
}

import GuestClient
import SandboxCore
import SandboxProcess

/// A sandbox in a machine of its own: the guest does everything, the backend only knows how to end it.
struct MachineSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let removal: MachineRemoval
    /// The machine ends with it, where the kernel does not see to that.
    var lifeline: OwnedDescriptor?

    func destroy() async throws {
        guest.close()
        lifeline?.close()
        try await removal.remove(reference)
    }
}

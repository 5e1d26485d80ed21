import GuestClient
import SandboxCore
import SandboxProcess

/// A sandbox of a local backend: the guest does everything, the backend only knows how to end it.
struct HostSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let removal: SandboxRemoval

    func destroy() async throws {
        guest.close()
        try await removal.remove(reference)
    }

    /// How often the kernel killed a process for want of memory; nil where no control group counts it.
    func memoryKills() throws -> Int? { try Locator(reference).group?.memoryKills() }
}

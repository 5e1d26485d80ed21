import Foundation
import GuestClient
import SandboxCore

/// A sandbox at a service: the guest does everything, the backend only knows how to end it.
struct CloudSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let keeper: LifeKeeper
    let backend: CloudBackend

    /// When the service ends it if nobody prolongs it: milliseconds since 1970, as known now.
    var endsAt: Int64? { keeper.endsAt.map { Int64($0.timeIntervalSince1970 * 1000) } }

    func destroy() async throws {
        keeper.stop()
        guest.close()
        try await backend.remove(reference)
    }
}

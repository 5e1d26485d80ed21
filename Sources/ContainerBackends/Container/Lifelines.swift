import SandboxCore
import Synchronization

/// The connections whose end lets sandboxes end that must not outlive this process.
final class Lifelines: Sendable {
    private let held = Mutex<[SandboxID: any Sendable]>([:])

    func hold(_ connection: any Sendable, for id: SandboxID) { held.withLock { $0[id] = connection } }

    func letGo(_ id: SandboxID) { held.withLock { _ = $0.removeValue(forKey: id) } }
}

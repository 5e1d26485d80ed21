import SandboxCore
import SandboxHTTP

/// How the guest and the sandbox' directories come into a container, and how the guest is reached.
enum Delivery: String, Sendable {
    /// Mounted from our disk; the guest comes to a door and is given its listening socket.
    case mounted
    /// Sent by the engine's API into the container's own layer; processes that the engine starts beside the guest carry the connections.
    case sent

    /// Files are shared only with an engine under our own kernel, and one that is reached over a network is taken for another machine's.
    static func choose(_ engine: EngineAPI, _ settings: ContainerSettings) -> Delivery {
        guard settings.guestDelivery == .auto, engine.facts.isUnderOurKernel, case .unixSocket = engine.client.endpoint else {
            return .sent
        }
        return .mounted
    }

    /// As a reference remembers it.
    init(_ reference: SandboxReference) { self = reference.locator["delivery"].flatMap(Delivery.init) ?? .mounted }

    /// What needs files that the engine shares with us.
    var missing: Set<Capability> { self == .sent ? [.mountedWorkspace, .extraMounts] : [] }
}

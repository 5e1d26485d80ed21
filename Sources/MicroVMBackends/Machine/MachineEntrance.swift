import GuestClient
import SandboxProcess

/// The ways into a running machine, for whoever knows its folder.
protocol MachineEntrance: Sendable {
    var folder: MachineFolder { get }

    /// Speaks with a machine that is no sandbox yet, or will be soon.
    func first() async throws -> PortConversation

    /// A new channel to the guest.
    func channel() async throws -> GuestChannel

    /// Whether `lifeline` gives one.
    var offersLifeline: Bool { get }

    /// A connection with whose end the guest ends; nil where the kernel sees to that.
    func lifeline() async throws -> OwnedDescriptor?
}

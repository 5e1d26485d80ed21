/// An adapter for one isolation technology.
///
/// No requirement has a default implementation: a wrapper that forgets one does not compile. What only some backends do is a `Capability`.
public protocol SandboxBackend: Sendable {
    /// What this backend is; constant for the life of the value.
    var descriptor: BackendDescriptor { get }

    /// Asks whether sandboxes can be made here and now. Creates nothing that outlives the call, and never throws: a failure is a reason.
    func probe() async -> BackendAvailability

    /// Makes a sandbox and waits until it answers.
    ///
    /// `record` is awaited with the reference as soon as there is something to clean up and *before* the sandbox can run anything, so that a
    /// crash leaves no sandbox that nobody knows. If it throws, the sandbox is destroyed. Throws `unsupported` for anything in the
    /// specification that this backend cannot enforce; then nothing was made.
    func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox

    /// Takes up a sandbox that was made earlier, perhaps by another process. Throws `notFound` when it is gone.
    func attach(to reference: SandboxReference) async throws -> any Sandbox

    /// Every sandbox of this owner that leaves anything on the machine or at the service, dead ones included.
    func list(owner: OwnerLabel) async throws -> [SandboxReference]

    /// Removes whatever a reference stands for, alive or not. Idempotent; never touches what does not carry the reference's owner and id.
    func remove(_ reference: SandboxReference) async throws
}

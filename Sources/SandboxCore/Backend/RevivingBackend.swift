/// A backend whose sandboxes leave their files behind when they die, and can run again over them: after a reboot of the machine, or when
/// somebody killed what holds them.
public protocol RevivingBackend: SandboxBackend {
    /// Starts a dead sandbox again: the same id and workspace, from the specification that it was made from. Its commands and what it had in
    /// memory are gone.
    ///
    /// `record` is awaited with the new reference before anything can run, as in `create`. Throws `notFound` when its files are gone too; after
    /// any failure nothing of it runs, and its files are where they were.
    func revive(
        _ reference: SandboxReference, as spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox
}

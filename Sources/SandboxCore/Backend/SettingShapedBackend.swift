/// A backend whose own settings shape its sandboxes, beyond what a specification says.
public protocol SettingShapedBackend: SandboxBackend {
    /// Whether a sandbox that is made now from this specification would be another one than the referenced, which was made from it earlier.
    ///
    /// Images are left aside: where the name of an image leads to is for new sandboxes. One that is gone is not outdated.
    func isOutdated(_ reference: SandboxReference, as spec: SandboxSpec) async throws -> Bool
}

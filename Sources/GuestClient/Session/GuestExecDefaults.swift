public import SystemPackage

/// What every exec and file call of a sandbox starts from.
public struct GuestExecDefaults: Sendable {
    /// Absolute, inside the sandbox. Relative working directories and file paths mean this directory.
    public var workspacePath: FilePath
    /// The environment beneath the request's own (`PATH`, `HOME`…); nothing else is inherited.
    public var environment: [String: String]
    /// False where the sandbox has one user only: naming one is then refused instead of left to the kernel's refusal.
    public var canSwitchUser: Bool

    /// Creates defaults.
    public init(workspacePath: FilePath, environment: [String: String], canSwitchUser: Bool = true) {
        self.workspacePath = workspacePath
        self.environment = environment
        self.canSwitchUser = canSwitchUser
    }
}

public import SystemPackage

/// What every exec and file call of a sandbox starts from.
public struct GuestExecDefaults: Sendable {
    /// Absolute, inside the sandbox. Relative working directories and file paths mean this directory.
    public var workspacePath: FilePath
    /// The environment beneath the request's own (`PATH`, `HOME`…); nothing else is inherited.
    public var environment: [String: String]

    /// Creates defaults.
    public init(workspacePath: FilePath, environment: [String: String]) {
        self.workspacePath = workspacePath
        self.environment = environment
    }
}

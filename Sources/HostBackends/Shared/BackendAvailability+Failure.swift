import SandboxCore

extension BackendAvailability {
    /// A probe's answer from what it threw.
    static func unavailable(_ error: any Error) -> BackendAvailability {
        let known = error as? SandboxError
        return .unavailable(
            reason: known?.message ?? "\(error)",
            remedy: known?.remedy ?? "no remedy is known; `sandlot doctor --json` is what a report of this needs")
    }
}

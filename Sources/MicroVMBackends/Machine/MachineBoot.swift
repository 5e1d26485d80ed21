import SandboxCore
import SandboxProcess

/// Waiting for a machine's first word.
struct MachineBoot: Sendable {
    let ports: MachinePorts
    let folder: MachineFolder
    let deadline: Duration

    /// Returns when the machine can be told what it shall become. What its console said is part of the failure.
    func ready() async throws -> PortConversation {
        do {
            let conversation = try ports.first()
            try await withDeadline(deadline, for: "the boot of the machine") { try await conversation.answer("SANDLOT-READY") }
            return conversation
        } catch let error as SandboxError {
            throw explained(error)
        }
    }

    /// The failure with what the machine or its monitor said last.
    func explained(_ error: SandboxError) -> SandboxError {
        let words = folder.lastWords()
        guard !words.isEmpty else { return error }
        return SandboxError(
            error.code, "\(error.message); the machine's last words: \(words)", remedy: error.remedy, backend: error.backend, cause: error)
    }
}

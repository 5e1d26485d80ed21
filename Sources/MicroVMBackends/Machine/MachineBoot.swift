import Glibc
import SandboxCore
import SandboxProcess

/// Waiting for a machine's first word.
struct MachineBoot: Sendable {
    let entrance: any MachineEntrance
    let process: HostProcess
    let deadline: Duration

    /// Returns when the machine can be told what it shall become. What its console said is part of the failure.
    func ready() async throws -> PortConversation {
        do {
            return try await withThrowingTaskGroup(of: PortConversation.self) { group in
                group.addTask {
                    try await withDeadline(deadline, for: "the boot of the machine") { try await firstWord() }
                }
                group.addTask {
                    let ending = try await process.wait()
                    throw SandboxError(.unavailable, "the machine ended before it answered (\(ending))")
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        } catch let error as SandboxError {
            throw entrance.folder.explained(error)
        }
    }

    /// A machine that wakes from a snapshot may drop a connection that came too early, once.
    private func firstWord() async throws -> PortConversation {
        while true {
            do {
                let conversation = try await entrance.first()
                try await conversation.answer("SANDLOT-READY")
                return conversation
            } catch let error as SandboxError where error.code == .unavailable {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}

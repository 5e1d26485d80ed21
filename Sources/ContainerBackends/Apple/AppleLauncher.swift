import GuestClient
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Carries a plan out, step by step; what fails at any step leaves nothing behind.
struct AppleLauncher {
    let plan: ApplePlan
    let spec: SandboxSpec
    let settings: AppleSettings
    let command: AppleCommand
    let link: AppleLink

    func launch(_ record: @Sendable (SandboxReference) async throws -> Void) async throws -> AppleSandbox {
        let reference = SandboxReference(
            id: spec.id, backend: AppleContainerBackend.id, owner: spec.owner, session: spec.session, locator: plan.locator)
        try plan.folder.create(reference)
        do {
            try await create()
            // A container that was never started runs nothing.
            try await record(reference)
            try await command.start(plan.name)
            return try await connect(reference)
        } catch {
            await UnfinishedSandbox(spec.id, logger: command.host.logger) { [link] in try await link.remove(reference) }.abandon()
            throw error
        }
    }

    private func create() async throws {
        do {
            try await command.create(plan.arguments, deadline: .seconds(settings.pullTimeout))
        } catch let error as SandboxError {
            guard try await command.container(plan.name) != nil else { throw error }
            throw SandboxError(
                .alreadyExists, "there is a container '\(plan.name)' already", remedy: "remove it, or use a fresh id",
                backend: AppleContainerBackend.id, cause: error)
        }
    }

    private func connect(_ reference: SandboxReference) async throws -> AppleSandbox {
        do {
            if spec.endsWithCreator {
                link.lifelines.hold(try await link.relays.lifeline(command, to: plan.name), for: spec.id)
            }
            guard let container = try await command.container(plan.name), container.isRunning else {
                throw SandboxError(.unavailable, "the container \(plan.name) does not run", backend: AppleContainerBackend.id)
            }
            let sandbox = try await link.connect(reference, to: container, environment: spec.environment)
            if let file = reference.locator["environment"] {
                try await EnvironmentFile.write(spec.environment, to: FilePath(file), of: sandbox.files)
            }
            command.host.logger.debug(
                "sandbox made", metadata: ["sandbox.id": "\(spec.id)", "backend.id": "\(AppleContainerBackend.id)"])
            return sandbox
        } catch let error as SandboxError {
            // What the guest said last tells more than that nobody answers.
            let words = await command.lastWords(of: plan.name)
            guard !words.isEmpty else { throw error }
            throw SandboxError(
                error.code, "\(error.message); the guest's last words: \(words)", remedy: error.remedy, backend: error.backend,
                cause: error.cause)
        }
    }
}

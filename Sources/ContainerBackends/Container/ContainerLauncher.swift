import GuestClient
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Carries a plan out, step by step; what fails at any step leaves nothing behind.
struct ContainerLauncher {
    let plan: ContainerPlan
    let spec: SandboxSpec
    let image: EngineMessage.Image
    let engine: EngineAPI
    let host: HostFacts
    let link: ContainerLink

    /// From the container's start to the guest at its door.
    private static let startDeadline = Duration.seconds(60)

    func launch(_ record: @Sendable (SandboxReference) async throws -> Void) async throws -> ContainerSandbox {
        var reference = SandboxReference(
            id: spec.id, backend: engine.dialect.id, owner: spec.owner, session: spec.session, locator: plan.locator)
        try plan.folder.create(reference)
        do {
            if plan.delivery == .mounted { try HostDirectory.create(plan.folder.door, mode: 0o755) }
            for directory in plan.files.ownDirectories {
                let owner = host.isRoot ? plan.user.outside : nil
                try HostDirectory.create(directory.path, mode: directory.mode, owner: owner)
            }
            let container = try await create()
            reference.locator["container"] = container
            // A container that was never started runs nothing.
            try await record(reference)
            try await furnish(container)
            let lifeline = try await start(reference, container)
            if spec.endsWithCreator { link.removal.lifelines.hold(lifeline, for: spec.id) }
            return try await connect(reference, container, image.Config?.Env ?? [])
        } catch {
            let made = reference
            await UnfinishedSandbox(spec.id, logger: host.logger) { [removal = link.removal] in try await removal.remove(made) }.abandon()
            throw error
        }
    }

    /// Starts a container that stopped, with all that it holds.
    func relaunch(
        _ reference: SandboxReference, _ container: EngineMessage.Container, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> ContainerSandbox {
        try await record(reference)
        try plan.folder.clearSockets()
        do {
            _ = try await start(reference, container.Id)
            return try await connect(reference, container.Id, container.Config.Env ?? [])
        } catch {
            await UnfinishedSandbox(spec.id, logger: host.logger) { [engine] in try await engine.kill(container.Id) }.abandon()
            throw error
        }
    }

    private func create() async throws -> String {
        do {
            return try await engine.create(plan.body, name: plan.name)
        } catch let error as SandboxError {
            // Engines tell a taken name by different statuses, so the name itself is asked.
            let isTaken = error.code == .conflict ? true : (try? await engine.inspect(plan.name)) != nil
            guard isTaken else { throw error }
            throw SandboxError(
                .alreadyExists, "there is a container '\(plan.name)' already", remedy: "remove it, or use a fresh id",
                backend: engine.dialect.id, cause: error)
        }
    }

    /// Puts what is not mounted into the container's own layer.
    private func furnish(_ container: String) async throws {
        let user = plan.user.inside
        var entries = plan.files.sentDirectories.map { directory in
            TapeArchive.Entry.directory(directory.path, mode: directory.mode, uid: user.uid, gid: user.gid)
        }
        entries += plan.files.sentFiles.map { .file($0.path, mode: $0.mode, source: $0.source) }
        // A layer that nobody may write to has no room for a name; some engines make one themselves.
        if !plan.body.HostConfig.ReadonlyRootfs,
            let accounts = try await link.accounts.accounts(of: image.Id, container: container, engine: engine).adding(user)
        {
            entries += accounts.entries
        }
        if !entries.isEmpty { try await engine.send(try TapeArchive.stream(entries), to: container) }
    }

    /// Starts the container and waits for its guest, but no longer than the container lives. The result is a connection to the guest: what is
    /// told to live no longer than its maker ends when it closes.
    private func start(_ reference: SandboxReference, _ container: String) async throws -> any Sendable {
        let doorway = plan.delivery == .mounted ? try GuestDoorway(plan.folder) : nil
        do {
            try await engine.start(container)
        } catch let error as SandboxError where spec.limits.gpus != nil && error.code == .unavailable {
            throw SandboxError(
                .unsupported, "the engine gives no GPUs: \(error.message)",
                remedy: "install the engine's GPU toolkit (for NVIDIA: nvidia-container-toolkit), or drop --gpus",
                backend: engine.dialect.id, cause: error)
        }
        return try await withThrowingTaskGroup(of: (any Sendable)?.self) { group in
            group.addTask {
                try await withDeadline(Self.startDeadline, for: "the start of the guest in container \(plan.name)") {
                    if let doorway { return try await doorway.admit(host.keeper) }
                    return try await link.channel(reference, container: container)
                }
            }
            group.addTask {
                try await engine.waitUntil("not-running", container, deadline: Self.startDeadline * 2)
                return nil
            }
            defer { group.cancelAll() }
            do {
                guard let first = try await group.next(), let lifeline = first else { throw await ended(container) }
                return lifeline
            } catch let error as SandboxError where error.code == .unavailable {
                // The way to a guest that just ended breaks before the engine says so.
                if let found = try? await engine.inspect(container), !found.State.Running { throw await ended(container) }
                throw error
            }
        }
    }

    /// Why a container ended at once.
    private func ended(_ container: String) async -> SandboxError {
        let words = await engine.lastWords(of: container)
        let state = try? await engine.inspect(container)?.State
        var reason = words
        if state?.OOMKilled == true { reason = "it was killed for want of memory: its memory limit is too small" }
        if reason.isEmpty { reason = state?.Error ?? "" }
        if reason.isEmpty { reason = "exit status \(state?.ExitCode.map(String.init) ?? "unknown")" }
        return SandboxError(
            .unavailable, "the guest ended before it could be reached: \(reason)", remedy: "run `sandlot doctor`",
            backend: engine.dialect.id)
    }

    private func connect(_ reference: SandboxReference, _ container: String, _ base: [String]) async throws -> ContainerSandbox {
        let channel = try await link.channel(reference, container: container)
        do {
            let sandbox = try link.sandbox(
                reference, container: container, image: base, environment: spec.environment, channel: channel)
            if engine.facts.isRootless { try await LimitProof(limits: spec.limits, backend: engine.dialect.id).check(sandbox.files) }
            if reference.locator["environment"] != nil {
                try await EnvironmentFile.write(
                    spec.environment, to: ContainerPlan.Place.state.appending("environment"), of: sandbox.files)
            }
            host.logger.debug("sandbox made", metadata: ["sandbox.id": "\(spec.id)", "backend.id": "\(engine.dialect.id)"])
            return sandbox
        } catch {
            channel.close()
            throw error
        }
    }
}

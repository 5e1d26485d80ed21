import GuestClient
import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Makes one sandbox, step by step; what fails at any step leaves nothing behind.
struct MachineLauncher {
    let spec: SandboxSpec
    let workspace: FilePath
    let shape: MachineShape
    /// The directory that the image is made of; nil for BusyBox alone.
    let root: FilePath?
    let preparation: MachinePreparation
    let link: MachineLink
    /// Of everything that shapes the sandbox.
    let fingerprint: String

    /// From the machine's first word to its being a sandbox.
    private static let birthDeadline = Duration.seconds(60)

    func launch(_ record: @Sendable (SandboxReference) async throws -> Void) async throws -> MachineSandbox {
        var plan = try await preparation.plan(name: MachinePlan.name(of: spec.id.rawValue), shape, root: root)
        let folder = MachineFolder(spec.id, in: preparation.host.dataDirectory)
        let locator = MachineLocator(
            workspace: workspace, home: MachineShape.home,
            environmentFile: spec.environment.isEmpty ? nil : EnvironmentFile.place(in: MachineShape.state),
            group: preparation.group(spec.id))
        var reference = SandboxReference(
            id: spec.id, backend: preparation.kind.backend, owner: spec.owner, session: spec.session, locator: texts(locator))
        try folder.create(reference)
        do {
            do {
                return try await make(plan, folder, locator, &reference, record)
            } catch let error as SandboxError
                where plan.snapshot != nil && error.code == .unavailable && reference.locator == texts(locator)
            {
                // The copy did not come to life, and nobody has heard of it yet: boot one instead.
                preparation.host.logger.warning("a snapshot starts no machine", metadata: ["error": "\(error)"])
                try await preparation.forgetSnapshot(plan)
                plan.snapshot = nil
                try await folder.clear()
                if let group = locator.group { try await MachineRemoval.remove(group) }
                return try await make(plan, folder, locator, &reference, record)
            }
        } catch {
            await UnfinishedSandbox(spec.id, logger: preparation.host.logger) { [link, reference] in
                try await link.removal.remove(reference)
            }.abandon()
            throw error
        }
    }

    private func texts(_ locator: MachineLocator) -> [String: String] {
        locator.texts.merging(["fingerprint": fingerprint]) { $1 }
    }

    private func make(
        _ plan: MachinePlan, _ folder: MachineFolder, _ locator: MachineLocator, _ reference: inout SandboxReference,
        _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> MachineSandbox {
        let host = preparation.host
        try await GoldenImage(host: host, assets: preparation.assets).makeDisk(folder.disk, size: shape.disk, capacity: shape.capacity)
        try locator.group?.create(preparation.groupLimits(shape))
        let machine = try await preparation.monitor.start(
            plan, in: folder,
            MachineTerms(endsWithUs: spec.endsWithCreator, fileLimit: shape.capacity, groups: locator.group?.membershipFiles ?? []))
        let entrance = preparation.kind.entrance(to: folder, keeper: host.keeper)
        let boot = MachineBoot(entrance: entrance, process: machine.process, deadline: .seconds(preparation.settings.bootTimeout))
        let conversation: PortConversation
        do {
            conversation = try await boot.ready()
        } catch {
            await machine.end()
            throw error
        }
        var made = locator
        made.monitor = machine.process.identity
        reference.locator = texts(made)
        try folder.write(reference)
        // Until it is born the machine is nobody's sandbox and runs nothing.
        try await record(reference)
        do {
            let birth = MachineBirth(spec, workspace: workspace, shape: shape, hasLifeline: spec.endsWithCreator && entrance.offersLifeline)
            try conversation.say(birth.bytes)
            try await withDeadline(Self.birthDeadline, for: "the machine's becoming a sandbox") { try await conversation.birth() }
            conversation.close()
            let lifeline = spec.endsWithCreator ? try await entrance.lifeline() : nil
            let channel = try await entrance.channel()
            let sandbox = try link.sandbox(
                reference, environment: spec.environment, channel: channel, entrance: entrance, lifeline: lifeline)
            if let file = made.environmentFile { try await EnvironmentFile.write(spec.environment, to: file, of: sandbox.files) }
            host.logger.debug(
                "sandbox made",
                metadata: [
                    "sandbox.id": "\(spec.id)", "backend.id": "\(preparation.kind.backend)",
                    "acceleration": "\(plan.acceleration.rawValue)",
                    "began": plan.snapshot == nil ? "booted" : "copied",
                ])
            return sandbox
        } catch let error as SandboxError {
            throw folder.explained(error)
        }
    }

}

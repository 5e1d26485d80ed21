import GuestClient
import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Makes one sandbox, step by step; what fails at any step leaves nothing behind.
struct QemuLauncher {
    let spec: SandboxSpec
    let workspace: FilePath
    let shape: MachineShape
    /// The directory that the image is made of; nil for BusyBox alone.
    let root: FilePath?
    let preparation: QemuPreparation
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
            environmentFile: spec.environment.isEmpty ? nil : EnvironmentFile.place(in: MachineShape.state))
        var reference = SandboxReference(
            id: spec.id, backend: QemuBackend.id, owner: spec.owner, session: spec.session, locator: texts(locator))
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
                try await clear(folder)
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
        let disk = try await GoldenImage(host: host, assets: preparation.assets).makeDisk(
            folder.disk, size: shape.disk, capacity: shape.capacity)
        let process = try await preparation.machine.start(
            plan, in: folder, disk: disk, endsWithUs: spec.endsWithCreator, fileLimit: shape.capacity)
        let ports = MachinePorts(folder, keeper: host.keeper)
        let boot = MachineBoot(ports: ports, folder: folder, deadline: .seconds(preparation.settings.bootTimeout))
        let conversation: PortConversation
        do {
            conversation = try await boot.ready()
        } catch {
            try? process.signal(SIGKILL)
            _ = try? await process.wait()
            throw error
        }
        var made = locator
        made.monitor = process.identity
        reference.locator = texts(made)
        try folder.write(reference)
        // Until it is born the machine is nobody's sandbox and runs nothing.
        try await record(reference)
        do {
            try conversation.say(MachineBirth(spec, workspace: workspace, shape: shape).bytes)
            try await withDeadline(Self.birthDeadline, for: "the machine's becoming a sandbox") { try await conversation.birth() }
            conversation.close()
            let channel = try await ports.channel()
            let sandbox = try link.sandbox(reference, environment: spec.environment, channel: channel, ports: ports)
            if let file = made.environmentFile { try await EnvironmentFile.write(spec.environment, to: file, of: sandbox.files) }
            host.logger.debug(
                "sandbox made",
                metadata: [
                    "sandbox.id": "\(spec.id)", "backend.id": "\(QemuBackend.id)", "acceleration": "\(plan.acceleration.rawValue)",
                    "began": plan.snapshot == nil ? "booted" : "copied",
                ])
            return sandbox
        } catch let error as SandboxError {
            throw boot.explained(error)
        }
    }

    /// Takes away what a failed start left in the folder; its record stays.
    private func clear(_ folder: MachineFolder) async throws {
        for port in 0..<MachineShape.ports { unlink(folder.path.appending(MachineFolder.socketName(port)).string) }
        for path in [folder.disk, folder.console] { unlink(path.string) }
    }
}

import Foundation
import GuestClient
import Logging
public import SandboxCore
import SandboxProcess

/// Sandboxes at a service. It makes and ends them; all work in them is our guest's, as everywhere.
public struct CloudBackend: SandboxBackend {
    /// What it is.
    public let descriptor: BackendDescriptor

    let service: any CloudService
    let settings: CloudSettings
    let host: CloudHost
    private let parcel: GuestParcel
    private let admission: CloudAdmission

    init(_ descriptor: BackendDescriptor, service: any CloudService, settings: CloudSettings, host: CloudHost) {
        self.descriptor = descriptor
        self.service = service
        self.settings = settings
        self.host = host
        parcel = GuestParcel(host.guest)
        admission = CloudAdmission(most: settings.maximumSandboxes, backend: descriptor.id)
    }

    /// Asks the service whether the credentials are good. Makes nothing, and costs nothing.
    public func probe() async -> BackendAvailability {
        do {
            _ = try parcel.read()
            var details = try await service.check()
            details["life"] = "\(settings.life.components.seconds) s, prolonged while in use"
            details["sandboxes"] = "at most \(settings.maximumSandboxes)"
            return .available(details: details)
        } catch let error as SandboxError {
            return .unavailable(reason: error.message, remedy: error.remedy ?? "see the settings of backends.\(descriptor.id)")
        } catch {
            return .unavailable(reason: "\(error)", remedy: "see the settings of backends.\(descriptor.id)")
        }
    }

    /// Makes a sandbox and waits for its guest. Nothing runs in it before `record` has returned; it is called again when it is known where
    /// things are inside.
    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        try CloudRefusals(descriptor.id).check(spec)
        let guest = try parcel.read()
        try await admission.enter(spec.id, owner: spec.owner) { Set(try await list(owner: spec.owner).map(\.id)) }
        do {
            let sandbox = try await make(spec, guest, record)
            await admission.leave(spec.id, owner: spec.owner)
            return sandbox
        } catch {
            await admission.leave(spec.id, owner: spec.owner)
            throw error
        }
    }

    private func make(
        _ spec: SandboxSpec, _ guest: GuestParcel.Content, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        let life = spec.endsWithCreator ? min(settings.life, Self.lifeWithCreator) : settings.life
        var reference = SandboxReference(
            id: spec.id, backend: descriptor.id, owner: spec.owner, session: spec.session,
            locator: ["life": "\(life.components.seconds)"])
        do {
            let order = CloudOrder(
                key: "sandlot-\(ExecID.random().rawValue.dropFirst(4))", labels: CloudLabels.all(spec), life: life,
                network: spec.network)
            let machine = try await service.create(order)
            reference.locator["machine"] = machine.id
            try await record(reference)
            let launcher = CloudLauncher(backend: self, spec: spec, guest: guest, machine: machine)
            return try await launcher.launch(&reference, record)
        } catch {
            let made = reference
            await UnfinishedSandbox(spec.id, logger: host.logger) { try await removeAll(made) }.abandon()
            throw error
        }
    }

    /// Connects to a sandbox that was made earlier.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox {
        guard reference.backend == descriptor.id, let machine = try await own(reference) else { throw gone(reference) }
        let place = try GuestPlace(reference)
        let door = try await service.enter(machine.id, life: life(of: reference))
        let link = CloudLink(backend: self, reference: reference, place: place, door: door)
        let channel = try await link.channel()
        do {
            return try await link.attached(channel, machine: machine)
        } catch {
            channel.close()
            throw error
        }
    }

    /// By the sandboxes' labels.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        try await service.list([CloudLabels.owner: owner.rawValue]).compactMap {
            CloudLabels.reference($0, owner: owner, backend: descriptor.id)
        }.sorted { $0.id < $1.id }
    }

    /// Ends what belongs to the reference.
    public func remove(_ reference: SandboxReference) async throws {
        if reference.locator["machine"] == nil { return try await removeAll(reference) }
        guard let machine = try await own(reference) else { return }
        try await service.destroy(machine.id)
        host.logger.debug("sandbox removed", metadata: ["sandbox.id": "\(reference.id)", "backend.id": "\(descriptor.id)"])
    }

    /// Also what a making that was broken off may have left under the reference's id: nobody knows whether a call whose answer was lost was done.
    private func removeAll(_ reference: SandboxReference) async throws {
        let labels = [CloudLabels.owner: reference.owner.rawValue, CloudLabels.sandbox: reference.id.rawValue]
        for machine in try await service.list(labels) where Self.carries(machine, labels) { try await service.destroy(machine.id) }
    }

    /// The service's sandbox of a reference. Throws `denied` when it carries another owner or id.
    func own(_ reference: SandboxReference) async throws -> CloudMachine? {
        guard let id = reference.locator["machine"] else { return nil }
        guard let machine = try await service.find(id) else { return nil }
        let labels = [CloudLabels.owner: reference.owner.rawValue, CloudLabels.sandbox: reference.id.rawValue]
        guard Self.carries(machine, labels) else {
            throw SandboxError(
                .denied, "sandbox '\(reference.id)' does not belong to \(reference.owner)",
                remedy: "let the Sandlot of that data directory remove it", backend: descriptor.id)
        }
        return machine
    }

    private static func carries(_ machine: CloudMachine, _ labels: [String: String]) -> Bool {
        labels.allSatisfy { machine.labels[$0.key] == $0.value }
    }

    /// What a sandbox that may not outlive its maker gets, again and again, as long as that lives.
    private static let lifeWithCreator = Duration.seconds(120)

    /// How long the sandbox lives when nobody prolongs it.
    func life(of reference: SandboxReference) -> Duration {
        reference.locator["life"].flatMap { Int64($0) }.map { .seconds($0) } ?? settings.life
    }

    func gone(_ reference: SandboxReference) -> SandboxError {
        SandboxError(.notFound, "the sandbox '\(reference.id)' is gone", remedy: "create a new one", backend: descriptor.id)
    }
}

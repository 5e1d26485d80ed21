import GuestClient
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Carries a blueprint out, step by step; what fails at any step leaves nothing behind.
struct BubblewrapLauncher {
    let host: HostEnvironment
    let bwrap: FilePath
    let blueprint: SandboxBlueprint
    let spec: SandboxSpec
    let removal: SandboxRemoval
    var life = Life.first

    /// From the start of bwrap to the number of its child.
    private static let startDeadline = Duration.seconds(20)

    func launch(_ record: @Sendable (SandboxReference) async throws -> Void) async throws -> HostSandbox {
        var locator = blueprint.locator
        var reference = SandboxReference(
            id: spec.id, backend: BubblewrapBackend.id, owner: spec.owner, session: spec.session, locator: locator.texts)
        // Others may have to pass through the folder, but only its owner can list it.
        let mode: UInt32 = blueprint.identity.user == nil ? 0o700 : 0o711
        try life.open(blueprint.folder, reference, mode: mode)
        let birth: BirthPipe
        do {
            try makeDirectories()
            try blueprint.enforcement.group?.create(blueprint.enforcement.groupLimits)
            birth = try BirthPipe()
        } catch {
            await life.abandon(reference, removal, logger: host.logger)
            throw error
        }
        do {
            let started = try await start(birth)
            locator.outer = started.outer.identity
            locator.guest = started.guest
            reference.locator = locator.texts
            try blueprint.folder.write(SandboxRecord(state: .made, reference: reference))
            try await record(reference)
            try birth.permit()
            return try await connect(reference, started)
        } catch {
            birth.refuse()
            await life.abandon(reference, removal, logger: host.logger)
            throw error
        }
    }

    private func makeDirectories() throws {
        if let (files, store) = blueprint.configuration { try store.ensure(files) }
        if life == .first, let extra = blueprint.extraDirectory {
            try HostDirectory.ensure(extra.removingLastComponent(), mode: 0o711)
            try HostDirectory.create(extra, mode: 0o711)
        }
        if let place = blueprint.privateWorkspace { try life.ensure(place, owner: blueprint.identity.user) }
    }

    private struct Started {
        var outer: HostProcess
        var guest: ProcessIdentity
        var complaints: OwnedDescriptor
    }

    private func start(_ birth: BirthPipe) async throws -> Started {
        typealias Number = BubblewrapPlan.Descriptor
        let info = try Descriptors.pipe()
        let complaints = try Descriptors.pipe()
        let memoryEvents = blueprint.enforcement.group?.memoryEvents()
        var request = SpawnRequest(
            executable: bwrap, arguments: blueprint.plan.command(bwrap: bwrap, id: spec.id, countingMemoryKills: memoryEvents != nil))
        // bwrap needs nothing of our environment, and its child would inherit it.
        request.environment = ["PATH": "/usr/bin:/bin"]
        request.workingDirectory = "/"
        request.descriptors = [
            2: complaints.writing,
            Number.arguments: try Descriptors.memory(blueprint.plan.encodedOptions),
            Number.filter: try Descriptors.memory(try SystemCallFilter.standard().bytes),
            Number.info: info.writing,
            Number.listener: try Descriptors.listener(in: blueprint.folder.path, name: SandboxFolder.socketName),
            Number.birth: birth.guestEnd,
        ]
        request.descriptors[Number.memoryEvents] = memoryEvents
        for (index, file) in blueprint.files.enumerated() {
            request.descriptors[Number.files + Int32(index)] = try file.open()
        }
        // Never in the session of whoever made it: a key that interrupts a terminal is for the command, not for the sandbox beneath it.
        request.leadsSession = true
        request.user = blueprint.identity.user
        request.groups = blueprint.enforcement.group?.membershipFiles ?? []
        request.limits = blueprint.enforcement.perProcess
        request.umask = 0o022
        let outer = try await host.keeper.spawn(request)
        // Our copies go, so that the pipes end when bwrap and the guest close theirs.
        for descriptor in request.descriptors.values { descriptor.close() }
        do {
            let guest = try await withDeadline(Self.startDeadline, for: "the start of bwrap") {
                try await readChild(info.reading, outer)
            }
            return Started(outer: outer, guest: guest, complaints: complaints.reading)
        } catch {
            try? outer.signal(9)
            throw try await explained(error, outer, complaints.reading)
        }
    }

    /// The number of process 1 of the sandbox, which bwrap tells before the child does anything.
    private func readChild(_ info: OwnedDescriptor, _ outer: HostProcess) async throws -> ProcessIdentity {
        var text: [UInt8] = []
        while text.count < 4096 {
            try await host.keeper.waitUntilReadable(info)
            guard let piece = try info.readAvailable(limit: 1024) else { continue }
            if piece.isEmpty { break }
            text += piece
        }
        guard let pid = Self.childNumber(in: String(decoding: text, as: UTF8.self)) else {
            throw SandboxError(.unavailable, "bwrap ended before it made the sandbox", backend: BubblewrapBackend.id)
        }
        guard let identity = try ProcessIdentity.of(pid) else {
            throw SandboxError(.unavailable, "the sandbox ended while bwrap set it up", backend: BubblewrapBackend.id)
        }
        return identity
    }

    static func childNumber(in json: String) -> Int32? {
        guard let key = json.firstRange(of: "\"child-pid\"") else { return nil }
        let digits = json[key.upperBound...].drop { !$0.isNumber && $0 != "," && $0 != "}" }.prefix { $0.isNumber }
        return Int32(digits)
    }

    private func connect(_ reference: SandboxReference, _ started: Started) async throws -> HostSandbox {
        let link = GuestLink(host: host, backend: BubblewrapBackend.id, removal: removal)
        do {
            let channel = try await GuestChannel.connect(unixSocket: blueprint.folder.socket)
            let sandbox = try link.sandbox(reference, environment: spec.environment, channel: channel)
            if let file = blueprint.locator.environmentFile {
                try await EnvironmentFile.write(spec.environment, to: file, of: sandbox.files)
            }
            host.logger.debug("sandbox made", metadata: ["sandbox.id": "\(spec.id)", "backend.id": "\(BubblewrapBackend.id)"])
            return sandbox
        } catch {
            throw try await explained(error, started.outer, started.complaints)
        }
    }

    /// The failure with what bwrap or the guest said about it.
    private func explained(_ error: any Error, _ outer: HostProcess, _ complaints: OwnedDescriptor) async throws -> any Error {
        if error is CancellationError { return error }
        let said = (try complaints.readAvailable(limit: 4096)) ?? []
        let text = String(decoding: said, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
        guard !text.isEmpty else { return error }
        return SandboxError(
            .unavailable, "making sandbox '\(spec.id)' failed: \(text)", remedy: "run `sandlot doctor`", backend: BubblewrapBackend.id,
            cause: error)
    }
}

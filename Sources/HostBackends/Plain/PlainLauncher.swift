import Glibc
import GuestClient
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Starts a guest as an ordinary process; what fails at any step leaves nothing behind.
struct PlainLauncher {
    let host: HostEnvironment
    let backend: BackendID
    let guest: FilePath
    let blueprint: PlainBlueprint
    let spec: SandboxSpec
    let removal: SandboxRemoval
    /// Nil without Landlock.
    var restriction: FileRestriction?
    /// Nil without a filter.
    var filter: SystemCallFilter?
    var noNewPrivileges = false
    var life = Life.first

    func launch(_ record: @Sendable (SandboxReference) async throws -> Void) async throws -> HostSandbox {
        var locator = blueprint.locator
        var reference = SandboxReference(
            id: spec.id, backend: backend, owner: spec.owner, session: spec.session, locator: locator.texts)
        try life.open(blueprint.folder, reference, mode: blueprint.user == nil ? 0o700 : 0o711)
        do {
            try makeDirectories()
            try blueprint.enforcement.group?.create(blueprint.enforcement.groupLimits)
            let birth = try BirthPipe()
            let process = try await start(birth)
            locator.guest = process.identity
            reference.locator = locator.texts
            try blueprint.folder.write(SandboxRecord(state: .made, reference: reference))
            try await record(reference)
            try birth.permit()
            return try await connect(reference)
        } catch {
            await life.abandon(reference, removal, logger: host.logger)
            throw error
        }
    }

    private func makeDirectories() throws {
        if life == .first, let extra = blueprint.extraDirectory {
            try HostDirectory.ensure(extra.removingLastComponent(), mode: 0o711)
            try HostDirectory.create(extra, mode: 0o711)
        }
        for path in blueprint.directories { try life.ensure(path, owner: blueprint.user) }
        guard let restriction else { return }
        try restriction.allow(blueprint.workspace, writable: !blueprint.isWorkspaceReadOnly)
        try restriction.allow(blueprint.locator.home, writable: true)
        for path in blueprint.directories where path != blueprint.workspace { try restriction.allow(path, writable: true) }
    }

    private func start(_ birth: BirthPipe) async throws -> HostProcess {
        let listener: Int32 = 3
        let birthNumber: Int32 = 4
        let memoryNumber: Int32 = 5
        var request = SpawnRequest(
            executable: guest,
            arguments: [
                guest.string, "serve", "--listen-fd", "\(listener)", "--birth-fd", "\(birthNumber)", "--cwd", blueprint.workspace.string,
                "--sandbox", spec.id.rawValue, "--no-pid1",
            ])
        let memoryEvents = blueprint.enforcement.group?.memoryEvents()
        if memoryEvents != nil { request.arguments += ["--memory-events-fd", "\(memoryNumber)"] }
        request.environment = ["PATH": "/usr/bin:/bin", SandboxRemoval.marker: spec.id.rawValue]
        request.workingDirectory = "/"
        request.descriptors = [
            listener: try Descriptors.listener(in: blueprint.folder.path, name: SandboxFolder.socketName),
            birthNumber: birth.guestEnd,
        ]
        request.descriptors[memoryNumber] = memoryEvents
        request.leadsSession = true
        request.user = blueprint.user
        request.groups = blueprint.enforcement.group?.membershipFiles ?? []
        request.limits = blueprint.enforcement.perProcess
        request.umask = 0o022
        request.parentDeathSignal = spec.endsWithCreator ? SIGKILL : 0
        request.landlock = restriction?.ruleset
        request.filter = filter
        request.noNewPrivileges = noNewPrivileges
        let process = try await host.keeper.spawn(request)
        for descriptor in request.descriptors.values { descriptor.close() }
        return process
    }

    private func connect(_ reference: SandboxReference) async throws -> HostSandbox {
        let channel = try await GuestChannel.connect(unixSocket: blueprint.folder.socket)
        let sandbox = try GuestLink(host: host, backend: backend, removal: removal)
            .sandbox(reference, environment: spec.environment, channel: channel)
        if let file = blueprint.locator.environmentFile {
            try await EnvironmentFile.write(spec.environment, to: file, of: sandbox.files)
        }
        return sandbox
    }
}

import GuestClient
import Logging
import SandboxCore
import SystemPackage

/// Puts the guest into a fresh sandbox and connects to it.
struct CloudLauncher {
    let backend: CloudBackend
    let spec: SandboxSpec
    let guest: GuestParcel.Content
    let machine: CloudMachine

    /// Below the service's own work directory, which may hold what the image brought.
    private static let workspaceName = "workspace"

    func launch(
        _ reference: inout SandboxReference, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        let id = backend.descriptor.id
        let door = try await backend.service.enter(machine.id, life: backend.life(of: reference))
        let answer = try await door.run(["/bin/sh", "-c", CloudSurvey.script(digest: guest.digest)])
        let survey = try CloudSurvey(answer, backend: id)
        let place = GuestPlace(
            sandbox: spec.id, folder: survey.folder, digest: guest.digest,
            workspace: survey.workDirectory.appending(Self.workspaceName))
        if !survey.hasGuest { try await door.upload(guest.bytes, to: place.executable) }
        try check(try await door.run(place.preparation))
        reference.locator["workspace"] = place.workspace.string
        reference.locator["home"] = survey.home.string
        reference.locator["folder"] = place.folder.string
        reference.locator["guest"] = place.digest
        reference.locator["rights"] = survey.rights
        // The image's environment, and the sandbox's own if it has one.
        reference.locator["environment"] = EnvironmentFile.place(in: place.folder).string
        let daemon = try await door.startDaemon(place.startCommand)
        reference.locator["daemon"] = daemon
        try await record(reference)

        let link = CloudLink(backend: backend, reference: reference, place: place, door: door)
        let channel = try await firstChannel(link, daemon)
        do {
            let session = GuestSession(channel, defaults: GuestExecDefaults(workspacePath: place.workspace, environment: [:]))
            let environment = try await image(place, session.files).merging(spec.environment) { $1 }
            try await EnvironmentFile.write(environment, to: EnvironmentFile.place(in: place.folder), of: session.files)
            backend.host.logger.debug("sandbox made", metadata: ["sandbox.id": "\(spec.id)", "backend.id": "\(id)"])
            return try link.sandbox(environment, channel: channel, end: machine.endsAt)
        } catch {
            channel.close()
            throw error
        }
    }

    /// Says why, when the guest ended instead of answering.
    private func firstChannel(_ link: CloudLink, _ daemon: String) async throws -> GuestChannel {
        do {
            return try await link.channel()
        } catch {
            guard let ending = try? await link.door.ending(of: daemon) else { throw error }
            throw SandboxError(
                .unavailable, "the guest ended before it answered: \(ending.words)", remedy: "run `sandlot doctor`",
                backend: backend.descriptor.id, cause: error)
        }
    }

    private func check(_ preparation: CloudRun) throws {
        switch preparation.exitCode {
        case 0: return
        case GuestPlace.isDamaged:
            throw SandboxError(
                .protocolViolation, "the guest arrived damaged in sandbox '\(spec.id)'", remedy: "try again", backend: backend.descriptor.id
            )
        default:
            throw SandboxError(
                .unavailable, "the guest cannot run in sandbox '\(spec.id)': \(preparation.words)",
                remedy: "see whether the image lets its user run a static Linux executable in its home directory",
                backend: backend.descriptor.id)
        }
    }

    /// What the image sets for every command, without what is one process's own.
    private func image(_ place: GuestPlace, _ files: any SandboxFileSystem) async throws -> [String: String] {
        let own: Set<String> = ["PWD", "OLDPWD", "SHLVL", "_", "HOME"]
        return try await EnvironmentFile.read(place.imageEnvironment, of: files).filter { !own.contains($0.key) }
    }
}

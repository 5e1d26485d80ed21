import GuestClient
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Whether a launch makes a sandbox, or lets a dead one run again over its files.
enum Life {
    case first
    case next

    /// Makes the sandbox's folder with its first record, or takes it up.
    func open(_ folder: SandboxFolder, _ reference: SandboxReference, mode: UInt32) throws {
        let record = SandboxRecord(state: .creating, reference: reference)
        switch self {
        case .first: try folder.create(record, mode: mode)
        case .next: try folder.reopen(record)
        }
    }

    /// Makes a directory that holds files of the sandbox; in a next life it is there, of the same user, or the sandbox is gone.
    func ensure(_ path: FilePath, owner: SpawnRequest.User?) throws {
        switch self {
        case .first: try HostDirectory.create(path, mode: 0o700, owner: owner)
        case .next:
            guard let found = HostPaths.owner(of: path) else {
                throw SandboxError(.notFound, "the files of the dead sandbox are gone: \(path)", remedy: "create a new one")
            }
            if let owner, owner.uid != found.uid {
                throw SandboxError(
                    .conflict, "the files in \(path) belong to user \(found.uid), and the sandbox would now run as user \(owner.uid)",
                    remedy: "set the settings back to those that it was made under")
            }
        }
    }

    /// Leaves nothing of a first life that failed, and only the files of a next one.
    func abandon(_ reference: SandboxReference, _ removal: SandboxRemoval, logger: Logger) async {
        await UnfinishedSandbox(reference.id, logger: logger) {
            switch self {
            case .first: try await removal.remove(reference)
            case .next: try await removal.end(SandboxRecord(state: .creating, reference: reference))
            }
        }.abandon()
    }
}

import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The directory of one sandbox on the host.
struct SandboxFolder: Equatable {
    let path: FilePath

    static let socketName = "guest.sock"

    /// All sandboxes of a data directory.
    static func collection(_ dataDirectory: FilePath) -> FilePath { dataDirectory.appending("sandboxes") }

    init(_ id: SandboxID, in dataDirectory: FilePath) {
        path = Self.collection(dataDirectory).appending(id.rawValue)
    }

    var socket: FilePath { path.appending(Self.socketName) }
    var recordFile: FilePath { path.appending(SandboxRecord.fileName) }

    /// Makes it with its first record. The record is there from the first moment that the name is: whoever finds the folder knows whose it is.
    func create(_ record: SandboxRecord, mode: UInt32) throws {
        let collection = path.removingLastComponent()
        try HostDirectory.ensure(collection, mode: 0o711)
        let draft = collection.appending(".new-\(path.lastComponent?.string ?? "")")
        try HostDirectory.create(draft, mode: mode)
        do {
            try HostDirectory.replace(draft.appending(SandboxRecord.fileName), with: record.encoded)
            // An empty target would be replaced by rename; a sandbox' folder never is empty, so this fails when the id is taken.
            guard rename(draft.string, path.string) == 0 else {
                let number = errno
                if number == ENOTEMPTY || number == EEXIST {
                    throw SandboxError(.alreadyExists, "a sandbox '\(record.reference.id)' exists already at \(path)")
                }
                throw SandboxError.system("naming the sandbox directory \(path)", number)
            }
        } catch {
            unlink(draft.appending(SandboxRecord.fileName).string)
            rmdir(draft.string)
            throw error
        }
    }

    func write(_ record: SandboxRecord) throws { try HostDirectory.replace(recordFile, with: record.encoded) }

    /// Nil when there is no such sandbox.
    func read() throws -> SandboxRecord? {
        guard let bytes = try HostDirectory.contents(recordFile) else { return nil }
        return try SandboxRecord(decoding: bytes, at: recordFile)
    }

    /// Every sandbox of this owner and backend, broken records left out.
    static func list(_ dataDirectory: FilePath, owner: OwnerLabel, backend: BackendID) throws -> [SandboxReference] {
        try HostDirectory.names(in: collection(dataDirectory)).sorted().compactMap { name in
            guard let id = try? SandboxID(validating: name), let record = try? SandboxFolder(id, in: dataDirectory).read(),
                record.reference.owner == owner, record.reference.backend == backend
            else { return nil }
            return record.reference
        }
    }
}

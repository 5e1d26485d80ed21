import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The directory of one sandbox on the host.
struct SandboxFolder: Equatable {
    let path: FilePath

    static let socketName = "guest.sock"

    private static let draftPrefix = ".new-"
    /// What is younger may be in the making, or about to be removed.
    private static let leftoverAge = 60

    /// All sandboxes of a data directory.
    static func collection(_ dataDirectory: FilePath) -> FilePath { dataDirectory.appending("sandboxes") }

    init(_ id: SandboxID, in dataDirectory: FilePath) {
        path = Self.collection(dataDirectory).appending(id.rawValue)
    }

    var socket: FilePath { path.appending(Self.socketName) }
    var recordFile: FilePath { path.appending(SandboxRecord.fileName) }
    /// Its name before it has its record.
    var draft: FilePath { path.removingLastComponent().appending(Self.draftPrefix + (path.lastComponent?.string ?? "")) }

    /// Makes it with its first record. The record is there from the first moment that the name is: whoever finds the folder knows whose it is.
    func create(_ record: SandboxRecord, mode: UInt32) throws {
        let collection = path.removingLastComponent()
        try HostDirectory.ensure(collection, mode: 0o711)
        try HostDirectory.create(draft, mode: mode)
        do {
            try Self.store(record, at: draft.appending(SandboxRecord.fileName))
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

    func write(_ record: SandboxRecord) throws { try Self.store(record, at: recordFile) }

    /// Takes up the folder of a dead sandbox for a new life of it.
    func reopen(_ record: SandboxRecord) throws {
        unlink(socket.string)
        try write(record)
    }

    /// A local sandbox does not outlive the machine's crash, and a folder with a broken record is swept: the disk need not be waited for.
    private static func store(_ record: SandboxRecord, at file: FilePath) throws {
        try HostDirectory.replace(file, with: record.encoded, survivesPowerLoss: false)
    }

    /// Nil when there is no such sandbox.
    func read() throws -> SandboxRecord? {
        guard let bytes = try HostDirectory.contents(recordFile) else { return nil }
        return try SandboxRecord(decoding: bytes, at: recordFile)
    }

    /// Every sandbox of this owner and backend, and what crashes left of others that nobody can tell any more.
    static func list(_ dataDirectory: FilePath, owner: OwnerLabel, backend: BackendID) throws -> [SandboxReference] {
        let names = try HostDirectory.names(in: collection(dataDirectory)).sorted()
        let known = names.compactMap { name -> SandboxReference? in
            guard let id = try? SandboxID(validating: name), let record = try? SandboxFolder(id, in: dataDirectory).read(),
                record.reference.owner == owner, record.reference.backend == backend
            else { return nil }
            return record.reference
        }
        let ids = names.compactMap {
            try? SandboxID(validating: String($0.hasPrefix(draftPrefix) ? $0.dropFirst(draftPrefix.count) : $0[...]))
        }
        let left = Set(ids).sorted().filter { SandboxFolder($0, in: dataDirectory).isLeftover }
        return known + left.map { SandboxReference(id: $0, backend: backend, owner: owner, session: nil, locator: [:]) }
    }

    /// Whether all that is there is an old draft, or a folder without a record that can be read.
    var isLeftover: Bool {
        guard HostDirectory.exists(path) else { return HostDirectory.isStale(draft, seconds: Self.leftoverAge) }
        return (try? read()) == nil && HostDirectory.isStale(path, seconds: Self.leftoverAge)
    }
}

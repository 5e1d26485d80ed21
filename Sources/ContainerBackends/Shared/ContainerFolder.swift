import Foundation
import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The directory of one container on the host: what it mounts, the guest's socket, and a record for the time before the container exists.
struct ContainerFolder: Sendable {
    let path: FilePath

    static let socketName = "guest.sock"
    private static let recordName = "record"

    private static let draftPrefix = ".new-"
    /// What is younger may be in the making, or about to be removed.
    private static let leftoverAge = 60

    static func collection(_ dataDirectory: FilePath) -> FilePath { dataDirectory.appending("containers") }

    init(_ id: SandboxID, in dataDirectory: FilePath) { path = Self.collection(dataDirectory).appending(id.rawValue) }

    var socket: FilePath { path.appending(Self.socketName) }
    var door: FilePath { path.appending("door") }
    var workspace: FilePath { path.appending("workspace") }
    var home: FilePath { path.appending("home") }
    var temporary: FilePath { path.appending("tmp") }

    /// Makes it with its record in one step; `alreadyExists` when the id is taken.
    func create(_ reference: SandboxReference) throws {
        let collection = path.removingLastComponent()
        try HostDirectory.ensure(collection, mode: 0o700)
        let draft = collection.appending("\(Self.draftPrefix)\(reference.id)-\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.create(draft, mode: 0o700)
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            try HostDirectory.replace(draft.appending(Self.recordName), with: Array(try encoder.encode(reference)))
            // A folder with a record is not empty, so this fails when the id is taken.
            guard rename(draft.string, path.string) == 0 else {
                let number = errno
                if number == ENOTEMPTY || number == EEXIST {
                    throw SandboxError(.alreadyExists, "a sandbox '\(reference.id)' exists already", remedy: "use a fresh id")
                }
                throw SandboxError.system("naming the directory \(path)", number)
            }
        } catch {
            unlink(draft.appending(Self.recordName).string)
            rmdir(draft.string)
            throw error
        }
    }

    /// Removes what an earlier life of the container listened at.
    func clearSockets() throws {
        for socket in [socket, door.appending("socket")] where unlink(socket.string) != 0 && errno != ENOENT {
            throw SandboxError.system("removing the socket \(socket)", errno)
        }
    }

    /// Nil when there is none, or when it cannot be read.
    func read() -> SandboxReference? {
        guard let bytes = try? HostDirectory.contents(path.appending(Self.recordName)) else { return nil }
        return try? JSONDecoder().decode(SandboxReference.self, from: Data(bytes))
    }

    /// The record goes last, so that whatever interrupts us is found and finished later.
    func remove() async throws {
        for name in try HostDirectory.names(in: path) where name != Self.recordName { try await HostDirectory.remove(path.appending(name)) }
        try await HostDirectory.remove(path)
    }

    /// What crashes left: drafts, and folders without a record that can be read. Nobody can tell whose they are but that they are of this data
    /// directory.
    static func leftovers(_ dataDirectory: FilePath) throws -> [SandboxID] {
        let ids = try HostDirectory.names(in: collection(dataDirectory)).compactMap { name -> SandboxID? in
            guard name.hasPrefix(draftPrefix) else { return try? SandboxID(validating: name) }
            return name.lastIndex(of: "-").flatMap { try? SandboxID(validating: String(name[..<$0].dropFirst(draftPrefix.count))) }
        }
        return try Set(ids).sorted().filter { try ContainerFolder($0, in: dataDirectory).isLeftover }
    }

    /// Whether all that is there is old drafts, or an old folder without a record that can be read.
    var isLeftover: Bool {
        get throws {
            if HostDirectory.exists(path) { return read() == nil && HostDirectory.isStale(path, seconds: Self.leftoverAge) }
            let drafts = try drafts()
            return !drafts.isEmpty && drafts.allSatisfy { HostDirectory.isStale($0, seconds: Self.leftoverAge) }
        }
    }

    /// Removes a leftover.
    func sweep() async throws {
        for draft in try drafts() { try await HostDirectory.remove(draft) }
        try await HostDirectory.remove(path)
    }

    private func drafts() throws -> [FilePath] {
        let collection = path.removingLastComponent()
        let prefix = "\(Self.draftPrefix)\(path.lastComponent?.string ?? "")-"
        return try HostDirectory.names(in: collection).filter { $0.hasPrefix(prefix) }.map { collection.appending($0) }
    }

    static func list(_ dataDirectory: FilePath, owner: OwnerLabel, backend: BackendID) throws -> [SandboxReference] {
        try HostDirectory.names(in: collection(dataDirectory)).sorted().compactMap { name in
            guard let id = try? SandboxID(validating: name), let reference = ContainerFolder(id, in: dataDirectory).read(),
                reference.owner == owner, reference.backend == backend
            else { return nil }
            return reference
        }
    }
}

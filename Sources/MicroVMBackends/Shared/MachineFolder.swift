import Foundation
import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The directory of one machine on the host: its record, its sockets and locks, its disk and what its console said.
struct MachineFolder: Sendable {
    let path: FilePath
    /// Of its machine, by which processes are known.
    let name: String

    private static let recordName = "record"
    private static let draftPrefix = ".new-"
    /// What is younger may be in the making, or about to be removed.
    private static let leftoverAge = 60

    static func collection(_ dataDirectory: FilePath) -> FilePath { dataDirectory.appending("machines") }

    init(_ id: SandboxID, in dataDirectory: FilePath) {
        path = Self.collection(dataDirectory).appending(id.rawValue)
        name = MachinePlan.name(of: id.rawValue)
    }
    /// One that is no sandbox: a machine that only becomes a snapshot.
    init(path: FilePath, name: String) {
        self.path = path
        self.name = name
    }

    var console: FilePath { path.appending("console") }
    var disk: FilePath { path.appending("disk") }
    static func socketName(_ port: Int) -> String { "port-\(port)" }
    func lock(_ port: Int) -> FilePath { path.appending("lock-\(port)") }

    /// Makes it with its record in one step; `alreadyExists` when the id is taken.
    func create(_ reference: SandboxReference) throws {
        let collection = path.removingLastComponent()
        try HostDirectory.ensure(collection, mode: 0o700)
        let draft = collection.appending("\(Self.draftPrefix)\(reference.id)")
        try HostDirectory.create(draft, mode: 0o700)
        do {
            try Self.store(reference, in: draft)
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

    func write(_ reference: SandboxReference) throws { try Self.store(reference, in: path) }

    /// A machine does not outlive the host's crash: the disk need not be waited for.
    private static func store(_ reference: SandboxReference, in folder: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try HostDirectory.replace(
            folder.appending(recordName), with: Array(try encoder.encode(reference)), survivesPowerLoss: false)
    }

    /// Nil when there is none, or when it cannot be read.
    func read() -> SandboxReference? {
        guard let bytes = try? HostDirectory.contents(path.appending(Self.recordName)) else { return nil }
        return try? JSONDecoder().decode(SandboxReference.self, from: Data(bytes))
    }

    /// Takes away everything but the record.
    func clear() async throws {
        for name in try HostDirectory.names(in: path) where name != Self.recordName { try await HostDirectory.remove(path.appending(name)) }
    }

    /// The record goes last, so that whatever interrupts us is found and finished later.
    func remove() async throws {
        try await clear()
        try await HostDirectory.remove(path)
        try await HostDirectory.remove(draft)
    }

    private var draft: FilePath {
        path.removingLastComponent().appending(Self.draftPrefix + (path.lastComponent?.string ?? ""))
    }

    /// Whether all that is there is an old draft, or an old folder without a record that can be read.
    var isLeftover: Bool {
        guard HostDirectory.exists(path) else { return HostDirectory.isStale(draft, seconds: Self.leftoverAge) }
        return read() == nil && HostDirectory.isStale(path, seconds: Self.leftoverAge)
    }

    /// Every machine of this owner and backend, and what crashes left of others that nobody can tell any more.
    static func list(_ dataDirectory: FilePath, owner: OwnerLabel, backend: BackendID) throws -> [SandboxReference] {
        let names = try HostDirectory.names(in: collection(dataDirectory)).sorted()
        let known = names.compactMap { name -> SandboxReference? in
            guard let id = try? SandboxID(validating: name), let reference = MachineFolder(id, in: dataDirectory).read(),
                reference.owner == owner, reference.backend == backend
            else { return nil }
            return reference
        }
        let ids = names.compactMap {
            try? SandboxID(validating: String($0.hasPrefix(draftPrefix) ? $0.dropFirst(draftPrefix.count) : $0[...]))
        }
        let left = Set(ids).sorted().filter { MachineFolder($0, in: dataDirectory).isLeftover }
        return known + left.map { SandboxReference(id: $0, backend: backend, owner: owner, session: nil, locator: [:]) }
    }

    /// The failure with what the machine or its monitor said last.
    func explained(_ error: SandboxError) -> SandboxError {
        let words = lastWords()
        guard !words.isEmpty else { return error }
        return SandboxError(
            error.code, "\(error.message); the machine's last words: \(words)", remedy: error.remedy, backend: error.backend, cause: error)
    }

    /// The end of what the machine's console and its monitor said, for people.
    func lastWords(limit: Int = 1500) -> String {
        let file = OwnedDescriptor(open(console.string, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        guard file.raw >= 0 else { return "" }
        let end = lseek(file.raw, 0, SEEK_END)
        guard end > 0, lseek(file.raw, max(0, end - off_t(limit)), SEEK_SET) >= 0, let bytes = try? file.readAvailable(limit: limit) else {
            return ""
        }
        let text = String(decoding: bytes, as: UTF8.self).filter {
            $0.isNewline || ($0.isASCII && !($0.asciiValue.map { $0 < 32 } ?? true))
        }
        return text.split(whereSeparator: \.isNewline).suffix(12).joined(separator: "; ")
    }
}

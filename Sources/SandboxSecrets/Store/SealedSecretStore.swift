import SandboxCore
public import SystemPackage
import Glibc

/// Secrets at rest: names and values in one file, `secrets.sealed`, under AES-GCM with a key that is kept somewhere else where that is possible.
///
/// A change is on disk whole or not at all; a file that was damaged or changed by somebody else is told and left as it is. Any number of
/// processes may use one directory.
public final class SealedSecretStore: Sendable {
    /// A secret without its value.
    public struct Entry: Sendable, Equatable {
        public var name: SecretName
        /// Milliseconds since 1970.
        public var changed: Int64
    }

    /// What can be said without the key.
    public struct Summary: Sendable, Equatable {
        /// Counts the changes.
        public var generation: UInt64
        /// Where the key is.
        public var source: KeySource
        /// Where a new key would be: `rotate` moves there.
        public var preferred: KeySource
    }

    /// Longer values are files, not secrets. UTF-8 bytes.
    public static let longestValue = 64 << 10
    /// More are not kept.
    public static let mostEntries = 1000

    /// Where everything is.
    public let path: FilePath
    private let directory: FilePath
    private let keys: KeyProvider

    /// A store in a directory that exists and is its owner's alone. Nothing is made before the first secret is set.
    public init(directory: FilePath, keys: KeySettings, programs: HostPrograms) {
        self.directory = directory
        path = directory.appending("secrets.sealed")
        self.keys = KeyProvider(directory: directory, settings: keys, programs: programs)
    }

    /// What there is, without opening it; nil when no secret was ever set. Throws `unavailable` for a damaged file.
    public func summary() throws -> Summary? {
        try load().map { Summary(generation: $0.generation, source: $0.source, preferred: keys.preferred) }
    }

    /// Every secret, without values, in the order of names.
    public func entries() async throws -> [Entry] {
        guard let opened = try await openLatest() else { return [] }
        return try opened.contents.entries.map { Entry(name: try SecretName(validating: $0.key), changed: $0.value.changed) }.sorted {
            $0.name < $1.name
        }
    }

    /// A secret's value. Throws `notFound`.
    public func value(_ name: SecretName) async throws -> String {
        guard let entry = try await openLatest()?.contents.entries[name.rawValue] else { throw Self.unknown(name) }
        return entry.value
    }

    /// Sets a secret; its value before is gone.
    public func set(_ name: SecretName, to value: String) async throws {
        guard !value.isEmpty, value.utf8.count <= Self.longestValue, !value.utf8.contains(0) else {
            throw SandboxError(
                .invalidArgument, "the value of '\(name)' is empty, holds NUL or is longer than \(Self.longestValue) bytes",
                remedy: "give the secret itself; for a file use a `file:` reference")
        }
        try await change { contents in
            contents.entries[name.rawValue] = .init(value: value, changed: Self.now)
            guard contents.entries.count <= Self.mostEntries else {
                throw SandboxError(.limitExceeded, "there are \(Self.mostEntries) secrets already", remedy: "remove those that nobody uses")
            }
        }
    }

    /// Removes secrets, all or none. Throws `notFound`.
    public func remove(_ names: [SecretName]) async throws {
        try await change { contents in
            for name in names where contents.entries.removeValue(forKey: name.rawValue) == nil { throw Self.unknown(name) }
        }
    }

    /// Seals everything anew: with a fresh key where the key is ours to make, from the source that the settings now prefer. The old key is
    /// forgotten. Throws `notFound` when there is nothing to seal.
    public func rotate() async throws -> Summary {
        let lock = try await lock()
        defer { lock.release() }
        guard let (file, contents) = try await openLatest() else {
            throw SandboxError(.notFound, "there are no sealed secrets", remedy: "set one with `sandlot secret set NAME`")
        }
        let (key, source) = try await keys.make()
        let generation = file.generation + 1
        try await write(
            SealedFile(contents, generation: generation, key: key, source: source), discarding: (key, source), unlessUsedBy: file)
        if file.key != key.id || file.source != source { await keys.forget(file.key, in: file.source) }
        return Summary(generation: generation, source: source, preferred: keys.preferred)
    }

    private func change(_ body: (inout SealedFile.Contents) throws -> Void) async throws {
        let lock = try await lock()
        defer { lock.release() }
        if let (file, before) = try await openLatest() {
            var contents = before
            try body(&contents)
            let key = try await keys.find(file.key, in: file.source)
            try PrivateFile.write(
                SealedFile(contents, generation: file.generation + 1, key: key, source: file.source).encoded(), to: path)
        } else {
            var contents = SealedFile.Contents()
            try body(&contents)
            let (key, source) = try await keys.make()
            try await write(SealedFile(contents, generation: 1, key: key, source: source), discarding: (key, source), unlessUsedBy: nil)
        }
    }

    /// Writes what a new key sealed; that key is forgotten when it cannot be written.
    private func write(
        _ file: SealedFile, discarding made: (key: SealingKey, source: KeySource), unlessUsedBy before: SealedFile?
    ) async throws {
        do {
            try PrivateFile.write(try file.encoded(), to: path)
        } catch {
            if before?.key != made.key.id { await keys.forget(made.key.id, in: made.source) }
            throw error
        }
    }

    /// Another process may rotate between our reading of the file and of the key that it names: then both are read again.
    private func openLatest() async throws -> (file: SealedFile, contents: SealedFile.Contents)? {
        var attempt = 0
        while true {
            guard let file = try load() else { return nil }
            do {
                let key = try await keys.find(file.key, in: file.source)
                return (file, try file.open(with: key, at: path))
            } catch {
                attempt += 1
                guard attempt < 5, let now = try load(), now.generation != file.generation else { throw error }
            }
        }
    }

    private func load() throws -> SealedFile? {
        guard PrivateFile.exists(path) else { return nil }
        return try SealedFile(bytes: try SecretFile.bytes(path, limit: 128 << 20), at: path)
    }

    private func lock() async throws -> StoreLock { try await StoreLock.take(directory.appending("secrets.lock")) }

    private static func unknown(_ name: SecretName) -> SandboxError {
        SandboxError(.notFound, "there is no secret '\(name)'", remedy: "set it with `sandlot secret set \(name)`")
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

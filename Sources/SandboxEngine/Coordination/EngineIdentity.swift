import Glibc
import SandboxCore
import SandboxStore
import SystemPackage

/// Who this engine is among those that share a data directory.
///
/// An engine lives as long as it holds the lock on its file: the kernel tells that truthfully across restarts, reused process ids and process
/// namespaces. Process id, start time and boot id are recorded for people.
struct EngineIdentity: Sendable {
    let id: String
    private let lock: FileLock
    private let locks: FilePath

    /// Takes a fresh identity.
    init(locks: FilePath) throws {
        try DataDirectory.make(locks)
        id = "eng-" + OwnerLabel.random().rawValue
        self.locks = locks
        guard let lock = try FileLock.trying(at: Self.path(id, in: locks)) else {
            throw SandboxError(.internalError, "a fresh engine's lock is held by somebody else", remedy: "try again")
        }
        self.lock = lock
    }

    /// Whether an engine of this data directory lives, this one included.
    func isAlive(_ engine: String) -> Bool {
        if engine == id { return true }
        guard engine.utf8.allSatisfy({ $0 != 0x2F && $0 != 0 }), access(Self.path(engine, in: locks).string, F_OK) == 0 else {
            return false
        }
        // What cannot be told counts as alive: its sandboxes are left alone.
        return (try? FileLock.isHeld(at: Self.path(engine, in: locks))) ?? true
    }

    /// Removes the file of an engine that is dead.
    func forget(_ engine: String) { unlink(Self.path(engine, in: locks).string) }

    /// Ends this identity: from now on others may take over.
    func end() {
        unlink(Self.path(id, in: locks).string)
        lock.unlock()
    }

    /// The row that tells people who it is.
    func row(at time: Timestamp) -> EngineRow {
        EngineRow(
            id: id, process: getpid(), processStarted: Self.processStart(), boot: Self.firstLine("/proc/sys/kernel/random/boot_id"),
            startedAt: time.milliseconds, heartbeat: time.milliseconds)
    }

    private static func path(_ id: String, in locks: FilePath) -> FilePath { locks.appending("engine-\(id)") }

    /// Field 22 of `stat`, counted after the program's name, which may hold anything.
    private static func processStart() -> Int64 {
        let text = firstLine("/proc/self/stat")
        guard let end = text.lastIndex(of: ")") else { return 0 }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? Int64(fields[19]) ?? 0 : 0
    }

    private static func firstLine(_ path: String) -> String {
        guard let file = try? FileDescriptor.open(path, .readOnly) else { return "" }
        defer { try? file.close() }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }
}

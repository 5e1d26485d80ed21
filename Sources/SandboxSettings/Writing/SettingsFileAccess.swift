import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads and replaces a settings file. A lock on the directory keeps two writers from losing each other's change.
struct SettingsFileAccess {
    /// Larger than this is not a settings file.
    static let largest = 1 << 20
    /// After symbolic links, so that a linked file stays linked.
    private let target: String
    private let directory: FileDescriptor

    static func lock(_ path: String) throws -> SettingsFileAccess {
        let target = resolve(path)
        let parent = FilePath(target).removingLastComponent()
        try makeDirectories(parent)
        let directory = try attempt("open \(parent)") { try FileDescriptor.open(parent, .readOnly, options: [.directory, .closeOnExec]) }
        guard flock(directory.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            try? directory.close()
            throw SandboxError(.conflict, "another process is changing \(path)", remedy: "try again")
        }
        return SettingsFileAccess(target: target, directory: directory)
    }

    func unlock() { try? directory.close() }

    /// The text; nil when there is no file.
    func read() throws -> String? { try Self.read(target) }

    static func read(_ path: String) throws -> String? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw failure("read \(path)", error)
        }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        while true {
            let piece = try attempt("read \(path)") {
                try [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
            }
            if piece.isEmpty { break }
            bytes += piece
            guard bytes.count <= largest else {
                throw SandboxError(.limitExceeded, "\(path) is larger than 1 MiB", remedy: "name a settings file")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SandboxError(.invalidArgument, "\(path) is not UTF-8 text", remedy: "save it as UTF-8")
        }
        return text
    }

    /// Whole or not at all, readable by its owner only.
    func replace(with text: String) throws {
        let draft = "\(target).\(getpid()).new"
        let file = try Self.attempt("create \(draft)") {
            try FileDescriptor.open(
                FilePath(draft), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite])
        }
        do {
            _ = try file.writeAll(text.utf8)
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            try file.close()
            guard rename(draft, target) == 0 else { throw Errno(rawValue: errno) }
            _ = fsync(directory.rawValue)
        } catch {
            unlink(draft)
            throw Self.failure("write \(target)", error)
        }
    }

    private static func resolve(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func makeDirectories(_ path: FilePath) throws {
        guard !path.isEmpty, access(path.string, F_OK) != 0 else { return }
        try makeDirectories(path.removingLastComponent())
        guard mkdir(path.string, 0o700) == 0 || errno == EEXIST else { throw failure("create \(path)", Errno(rawValue: errno)) }
    }

    private static func attempt<R>(_ what: String, _ body: () throws -> R) throws -> R {
        do { return try body() } catch { throw failure(what, error) }
    }

    private static func failure(_ what: String, _ error: any Error) -> SandboxError {
        if let known = error as? SandboxError { return known }
        let code: SandboxError.Code =
            (error as? Errno).map { $0 == .permissionDenied || $0 == .notPermitted ? .denied : .unavailable } ?? .internalError
        return SandboxError(
            code, "cannot \(what): \(error)", remedy: code == .denied ? "check who owns it, or name another file with SANDLOT_CONFIG" : nil)
    }
}

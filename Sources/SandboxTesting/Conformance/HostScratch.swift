#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import SandboxCore
import SystemPackage

/// Files of the host that cases put down and look at.
enum HostScratch {
    /// Makes a fresh directory with a random name.
    static func makeDirectory(in parent: FilePath) throws -> FilePath {
        let path = parent.appending("conformance-" + OwnerLabel.random().rawValue)
        guard mkdir(path.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
        // A backend may refuse to run on a directory of root's, so whoever owns the parent owns this too.
        var status = stat()
        if stat(parent.string, &status) == 0 { _ = chown(path.string, status.st_uid, status.st_gid) }
        return path
    }

    static func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(path, .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: 0o644))
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
    }

    /// The text of a small file; nil when there is none.
    static func read(_ path: FilePath) -> String? {
        guard let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
        return try? file.closeAfter {
            var text: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = try piece.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return String(decoding: text, as: UTF8.self) }
                text += piece[..<count]
            }
        }
    }

    static func exists(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }

    /// Makes a directory writable for a sandbox whose user is another than ours.
    static func openToAll(_ path: FilePath) { chmod(path.string, 0o777) }

    static func removeFile(_ path: FilePath) { unlink(path.string) }
    static func removeDirectory(_ path: FilePath) { rmdir(path.string) }
}

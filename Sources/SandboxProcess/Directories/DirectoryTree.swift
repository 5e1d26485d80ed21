import Glibc
import SandboxCore
import SystemPackage

/// Removing trees whose makers may have meant harm: links, unreadable folders, folders nested a hundred thousand deep.
enum DirectoryTree {
    /// Deeper folders are first moved up to the top, so that neither descriptors nor the stack run out.
    private static let deepest = 100

    static func remove(_ path: FilePath) throws {
        let parent = OwnedDescriptor(Glibc.open(path.removingLastComponent().string, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard parent.raw >= 0, let name = path.lastComponent.map({ Array($0.string.utf8CString) }) else {
            throw SandboxError.system("opening the parent of \(path)", errno)
        }
        guard let top = open(folder: parent.raw, name) else {
            if unlinkat(parent.raw, name, 0) == 0 || errno == ENOENT { return }
            throw SandboxError.system("removing \(path)", errno)
        }
        var moved = 0
        repeat {
            moved = 0
            try empty(top, depth: 0, top: top, moved: &moved, path)
        } while moved > 0
        guard unlinkat(parent.raw, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw SandboxError.system("removing \(path)", errno) }
    }

    private static func empty(_ folder: OwnedDescriptor, depth: Int, top: OwnedDescriptor, moved: inout Int, _ path: FilePath) throws {
        let copy = fcntl(folder.raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0, let stream = fdopendir(copy) else { throw SandboxError.system("listing a folder of \(path)", errno) }
        // The copy shares its position with the original, which may have been read before.
        rewinddir(stream)
        let all = names(of: stream)
        closedir(stream)
        for name in all {
            if unlinkat(folder.raw, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM, let child = open(folder: folder.raw, name) else {
                throw SandboxError.system("removing '\(shown(name))' below \(path)", errno)
            }
            if depth >= deepest {
                var target = ""
                repeat { target = ".sandlot-\(UInt64.random(in: 0 ... .max))" } while faccessat(top.raw, target, F_OK, 0) == 0
                guard renameat(folder.raw, name, top.raw, target) == 0 else {
                    throw SandboxError.system("moving a folder of \(path)", errno)
                }
                moved += 1
                continue
            }
            try empty(child, depth: depth + 1, top: top, moved: &moved, path)
            guard unlinkat(folder.raw, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
                throw SandboxError.system("removing the folder '\(shown(name))' below \(path)", errno)
            }
        }
    }

    /// Opens a folder of a folder, without following a link; one whose owner took his own rights away gets them back.
    private static func open(folder: Int32, _ name: [CChar]) -> OwnedDescriptor? {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var raw = openat(folder, name, flags)
        var status = stat()
        // A writable and searchable folder is needed to empty it, not only a readable one.
        let isOurs = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if isOurs && status.st_mode & 0o700 != 0o700 {
            if raw >= 0 { close(raw) }
            _ = fchmodat(folder, name, 0o700, 0)
            raw = openat(folder, name, flags)
        }
        return raw >= 0 ? OwnedDescriptor(raw) : nil
    }

    private static func shown(_ name: [CChar]) -> String {
        String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The names as bytes with the final zero, for they need not be text.
    static func names(of stream: OpaquePointer, limit: Int = .max) -> [[CChar]] {
        var names: [[CChar]] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
            }
            let isDot = name == [46, 0] || name == [46, 46, 0]
            if !isDot { names.append(name) }
        }
        return names
    }
}

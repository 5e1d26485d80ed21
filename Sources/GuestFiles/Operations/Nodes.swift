internal import Glibc
internal import GuestProtocol

/// The small operations on single nodes.
enum Nodes {
    static func entry(of path: [UInt8], followsLinks: Bool) throws -> TreeEntry {
        try Paths.check(path)
        guard let status = Status(path, followsLinks: followsLinks) else { throw GuestFailure.last("stat", path) }
        guard status.kind == .symbolicLink else { return status.entry(path: path) }
        guard let target = linkTarget(of: path) else { throw GuestFailure.last("read the link", path) }
        return status.entry(path: path, linkTarget: target)
    }

    /// Creates a directory with exactly `mode` (nil: 0755 and the umask); with `parents` also what is missing above it, with 0755 and the umask.
    static func makeDirectory(_ path: [UInt8], mode: UInt32?, parents: Bool) throws {
        try Paths.check(path)
        if make(path) {
            guard let mode else { return }
            guard path.withPath({ chmod($0, mode_t(mode & 0o7777)) }) == 0 else { throw GuestFailure.last("set the mode", path) }
            return
        }
        let number = errno
        if parents, number == EEXIST || number == EROFS || number == EACCES, Status(path, followsLinks: true)?.kind == .directory { return }
        if parents, number == ENOENT {
            let parent = Paths.split(path).parent
            // A dangling link as the last component cannot be created either: its folder is there, and the attempt must end.
            if Status(parent, followsLinks: true) == nil {
                try makeDirectory(parent, mode: nil, parents: true)
                return try makeDirectory(path, mode: mode, parents: true)
            }
        }
        throw GuestFailure.system(number, "make the directory", path)
    }

    static func makeSymbolicLink(_ path: [UInt8], target: [UInt8]) throws {
        let (directory, name) = try Paths.openParent(of: path, "link")
        guard !target.isEmpty, !target.contains(0), target.count <= FileLimits.linkTarget else {
            throw GuestFailure.invalid("a link's target must have 1 to \(FileLimits.linkTarget) bytes and no NUL", path)
        }
        let result = target.withPath { target in name.withPath { symlinkat(target, directory.number, $0) } }
        guard result == 0 else { throw GuestFailure.last("make the symbolic link", path) }
    }

    /// Follows links, as chmod does: a link has no mode of its own.
    static func changeMode(_ path: [UInt8], mode: UInt32) throws {
        try Paths.check(path)
        guard mode <= 0o7777 else { throw GuestFailure.invalid("a mode has no bits beyond 07777", path) }
        guard path.withPath({ chmod($0, mode_t(mode)) }) == 0 else { throw GuestFailure.last("change the mode", path) }
    }

    private static func make(_ path: [UInt8]) -> Bool { path.withPath { mkdir($0, 0o755) } == 0 }
}

import SandboxCore
public import SystemPackage
import CSandlotSystem
import Glibc

/// Makes descriptors, all of them close-on-exec.
public enum Descriptors {
    /// A pipe.
    public static func blockingPipe() throws -> (reading: OwnedDescriptor, writing: OwnedDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard sandlot_pipe(&ends) == 0 else { throw SandboxError.system("making a pipe", errno) }
        return (reading: OwnedDescriptor(ends[0]), writing: OwnedDescriptor(ends[1]))
    }

    /// A pipe whose reading end does not block.
    public static func pipe() throws -> (reading: OwnedDescriptor, writing: OwnedDescriptor) {
        let pair = try blockingPipe()
        guard sandlot_set_nonblocking(pair.reading.raw) == 0 else { throw SandboxError.system("preparing a pipe", errno) }
        return pair
    }

    /// A nameless file in memory that holds `bytes`, positioned at its start.
    public static func memory(_ bytes: [UInt8]) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(sandlot_memory_create())
        guard file.raw >= 0 else { throw SandboxError.system("making a file in memory", errno) }
        try file.write(bytes)
        guard lseek(file.raw, 0, SEEK_SET) == 0 else { throw SandboxError.system("rewinding a file in memory", errno) }
        return file
    }

    /// A nameless file in memory that takes at most `limit` bytes; a write beyond fails for the writer. `written` tells how many came.
    public static func boundedMemory(limit: Int) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(sandlot_memory_create_bounded(Int64(limit)))
        guard file.raw >= 0 else { throw SandboxError.system("making a bounded file in memory", errno) }
        return file
    }

    /// What was written to a `boundedMemory` so far.
    public static func written(to file: OwnedDescriptor) throws -> [UInt8] {
        let count = lseek(file.raw, 0, SEEK_CUR)
        guard count >= 0 else { throw SandboxError.system("asking a file in memory for its length", errno) }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(file.raw, buffer.baseAddress, count, 0))
        }
    }

    /// `/dev/null`, for reading and writing.
    public static func null() throws -> OwnedDescriptor {
        let file = OwnedDescriptor(open("/dev/null", O_RDWR | O_CLOEXEC))
        guard file.raw >= 0 else { throw SandboxError.system("opening /dev/null", errno) }
        return file
    }

    /// Opens a directory as a place to reach files from.
    public static func directory(_ path: FilePath) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(open(path.string, pathOnly | O_DIRECTORY | O_CLOEXEC))
        guard file.raw >= 0 else { throw SandboxError.system("opening the directory \(path)", errno) }
        return file
    }

    /// A unix stream socket that listens at `name` in `directory`, whatever the path's length.
    public static func listener(in directory: FilePath, name: String) throws -> OwnedDescriptor {
        let folder = try Descriptors.directory(directory)
        let socket = OwnedDescriptor(Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        guard socket.raw >= 0 else { throw SandboxError.system("making a socket", errno) }
        // sun_path holds 107 bytes only; the detour over the descriptor makes every path short.
        let short = "/proc/self/fd/\(folder.raw)/\(name)"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard short.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SandboxError(.invalidArgument, "the socket name '\(name)' is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw SandboxError.system("binding the socket \(directory.appending(name))", errno) }
        guard fchmodat(folder.raw, name, 0o600, 0) == 0, listen(socket.raw, 64) == 0 else {
            throw SandboxError.system("listening at \(directory.appending(name))", errno)
        }
        return socket
    }
}

/// O_PATH, which the Glibc module does not show.
let pathOnly: Int32 = 0o10000000

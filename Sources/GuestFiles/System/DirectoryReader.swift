internal import Glibc
internal import GuestProtocol

/// Reads the names of a directory one after another, without `.` and `..`.
struct DirectoryReader: ~Copyable {
    private let handle: OpaquePointer

    /// Reads from the start of `directory`, which must be open for reading. Nil and `errno` when it fails.
    init?(_ directory: Descriptor) {
        let copy = fcntl(directory.number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        guard let handle = fdopendir(copy) else {
            let number = errno
            close(copy)
            errno = number
            return nil
        }
        rewinddir(handle)
        self.handle = handle
    }

    deinit { closedir(handle) }

    /// Calls `body` with the next name and its kind, where the file system tells; false at the end. Throws the kernel's number.
    func next(_ body: (UnsafeBufferPointer<UInt8>, FileKind?) throws -> Void) throws -> Bool {
        while true {
            errno = 0
            guard let entry = readdir(handle) else {
                if errno != 0 { throw ReadError(number: errno) }
                return false
            }
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return false }
            let start = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: UInt8.self)
            let count = strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
            if start[0] == UInt8(ascii: "."), count == 1 || (count == 2 && start[1] == UInt8(ascii: ".")) { continue }
            try body(UnsafeBufferPointer(start: start, count: count), DirectoryReader.kind(entry.pointee.d_type))
            return true
        }
    }

    func rewind() { rewinddir(handle) }

    /// A directory that could not be read to its end.
    struct ReadError: Error {
        let number: Int32
    }

    private static func kind(_ type: UInt8) -> FileKind? {
        switch Int(type) {
        case Int(DT_REG): .regular
        case Int(DT_DIR): .directory
        case Int(DT_LNK): .symbolicLink
        case Int(DT_FIFO): .fifo
        case Int(DT_SOCK): .socket
        case Int(DT_CHR): .characterDevice
        case Int(DT_BLK): .blockDevice
        default: nil
        }
    }
}

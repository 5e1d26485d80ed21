internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// Flags that the C library shows only to GNU programs; the values are the kernel's and the same on x86-64 and arm64.
enum OpenFlag {
    static let path: Int32 = 0o10000000
    static let unnamed: Int32 = 0o20000000 | O_DIRECTORY
    /// A directory to read or to work in, never through a link.
    static let directory: Int32 = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    /// A file to read: never blocks on a FIFO, never becomes our terminal.
    static let content: Int32 = O_RDONLY | O_NONBLOCK | O_NOCTTY
}

/// An open file, closed with its last reference. Always close-on-exec.
final class Descriptor: Sendable {
    let number: Int32

    /// Takes over `number`.
    init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// Opens `name` relative to `directory` (or absolute); nil and `errno` when it fails.
    static func open(_ name: [UInt8], in directory: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0) -> Descriptor? {
        let number = name.withPath { path in
            retrying { openat(directory, path, flags | O_CLOEXEC, mode) }
        }
        return number < 0 ? nil : Descriptor(owning: number)
    }

    /// Opens a relative path of plain names below `directory` and passes no symbolic link on the way; nil and `errno` when it fails.
    static func openBeneath(_ names: ArraySlice<[UInt8]>, in directory: Descriptor, flags: Int32) -> Descriptor? {
        let resolve: UInt64 = 0x08 | 0x04 | 0x02  // RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
        let length = names.reduce(0) { $0 + $1.count + 1 }
        if length < FileLimits.path {
            let path = Array(names.joined(separator: [UInt8(ascii: "/")]))
            let number = path.withPath { sandlot_openat2(directory.number, $0, flags | O_CLOEXEC | O_NOFOLLOW, 0, resolve) }
            if number >= 0 { return Descriptor(owning: number) }
            // Old kernels have no such call, and seccomp filters that do not know it answer EPERM.
            guard errno == ENOSYS || errno == EPERM else { return nil }
        }
        var current = directory
        for name in names.dropLast() {
            guard let next = open(name, in: current.number, flags: OpenFlag.directory) else { return nil }
            current = next
        }
        guard let last = names.last else { return nil }
        return open(last, in: current.number, flags: flags | O_NOFOLLOW)
    }

    /// What `fstat` says.
    func status(_ label: [UInt8]) throws -> Status {
        var value = stat()
        guard fstat(number, &value) == 0 else { throw GuestFailure.last("stat", label) }
        return Status(value)
    }

    /// Reads at `offset` until the buffer is full or the file ends.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64, _ label: [UInt8]) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            guard let base = buffer.baseAddress else { break }
            let count = retrying { pread(number, base + filled, buffer.count - filled, off_t(offset) + off_t(filled)) }
            if count < 0 { throw GuestFailure.last("read", label) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// At most `count` bytes from `offset`; fewer only at the end of the file.
    func read(_ count: Int, at offset: Int64, _ label: [UInt8]) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset, label)
        }
    }

    /// Writes all of `bytes` at the current position.
    func write(_ bytes: [UInt8], _ label: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var written = 0
            while written < buffer.count {
                let count = retrying { Glibc.write(number, base + written, buffer.count - written) }
                if count < 0 { throw GuestFailure.last("write", label) }
                written += count
            }
        }
    }
}

/// Repeats a call that a signal interrupted.
func retrying<Result: SignedInteger>(_ body: () -> Result) -> Result {
    while true {
        let result = body()
        if result >= 0 || errno != EINTR { return result }
    }
}

import SandboxCore
import Glibc
import Synchronization

/// A file descriptor that is closed once, at the latest when the value goes away.
public final class OwnedDescriptor: Sendable {
    private let number: Mutex<Int32>

    /// Takes over an open descriptor.
    public init(_ number: Int32) { self.number = Mutex(number) }

    deinit { close() }

    /// The number, or -1 after `close`.
    public var raw: Int32 { number.withLock { $0 } }

    /// Closes it; later calls do nothing.
    public func close() {
        let open = number.withLock { value in
            defer { value = -1 }
            return value
        }
        if open >= 0 { _ = Glibc.close(open) }
    }

    /// A second descriptor of the same file, close-on-exec.
    public func duplicate() throws -> OwnedDescriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SandboxError.system("duplicating a descriptor", errno) }
        return OwnedDescriptor(copy)
    }

    /// Writes all bytes, waiting where the descriptor blocks.
    public func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SandboxError.system("writing to a descriptor", errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads once; nil when nothing is there yet, empty at the end.
    public func readAvailable(limit: Int) throws -> [UInt8]? {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let got = Glibc.read(raw, buffer.baseAddress, buffer.count)
            failure = got < 0 ? errno : 0
            count = max(0, got)
        }
        if failure == EAGAIN || failure == EINTR { return nil }
        guard failure == 0 else { throw SandboxError.system("reading from a descriptor", failure) }
        return bytes
    }
}

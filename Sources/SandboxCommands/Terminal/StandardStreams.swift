import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output or standard error: every byte, in order, whatever it is connected to.
actor OutputStream {
    private let descriptor: FileDescriptor
    private let thread: BlockingThread

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Streams that share a thread keep their order among each other.
    init(_ descriptor: FileDescriptor, on thread: BlockingThread) {
        self.descriptor = descriptor
        self.thread = thread
    }

    /// Waits until the bytes are gone. Throws `Errno.brokenPipe` when nobody reads any more.
    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = UnsafeRawBufferPointer(buffer)
            while !rest.isEmpty {
                do {
                    let count = try descriptor.write(rest, retryOnInterrupt: true)
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } catch Errno.resourceTemporarilyUnavailable {
                    // Somebody made the shared file description non-blocking.
                    var poll = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
                    _ = Self.wait(&poll, 1)
                }
            }
        }
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    private static func wait(_ descriptors: UnsafeMutablePointer<pollfd>, _ count: nfds_t) -> Int32 { poll(descriptors, count, -1) }
}

/// Standard input, read only as fast as it is asked for.
actor InputStream {
    private let descriptor: FileDescriptor
    private let thread = BlockingThread()
    /// A byte in here ends a read that waits.
    private let wake: (reader: FileDescriptor, writer: FileDescriptor)

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ descriptor: FileDescriptor) throws {
        self.descriptor = descriptor
        let pipe = try FileDescriptor.pipe()
        wake = (pipe.readEnd, pipe.writeEnd)
    }

    deinit {
        try? wake.reader.close()
        try? wake.writer.close()
    }

    /// The next piece, up to 64 KiB; nil at the end, and when the task is cancelled.
    nonisolated func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await read()
        } onCancel: {
            _ = try? wake.writer.writeAll([0])
        }
    }

    private func read() throws -> [UInt8]? {
        while true {
            var polls = [
                pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.reader.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polls, 2, -1) > 0 || errno == EINTR else { throw Errno(rawValue: errno) }
            if polls[1].revents != 0 { return nil }
            guard polls[0].revents != 0 else { continue }
            do {
                let piece = try [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                    count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                return piece.isEmpty ? nil : piece
            } catch Errno.resourceTemporarilyUnavailable {
                continue
            }
        }
    }
}

/// What a descriptor is connected to.
enum DescriptorKind: Equatable {
    case terminal
    /// A pipe, a socket or a file: somebody gave us something to read.
    case source
    /// `/dev/null`, another device, or closed.
    case nothing

    init(_ descriptor: FileDescriptor) {
        if isatty(descriptor.rawValue) == 1 {
            self = .terminal
            return
        }
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else {
            self = .nothing
            return
        }
        let kind = status.st_mode & S_IFMT
        self = kind == S_IFREG || kind == S_IFIFO || kind == S_IFSOCK ? .source : .nothing
    }
}

public import GuestProtocol
import Glibc
public import SandboxCore
public import SystemPackage

/// A channel to a guest that has said hello: one byte stream that carries many execs, file calls and transfers at once.
///
/// All that comes over it is taken as hostile. What breaks the protocol closes it with `protocolViolation`.
public final class GuestChannel: Sendable {
    /// What the guest said of itself.
    public let hello: GuestHello
    let link: FrameLink

    private init(hello: GuestHello, link: FrameLink) {
        self.hello = hello
        self.link = link
    }

    deinit { close() }

    /// Connects to a guest that listens on a unix socket; the path may be longer than the kernel's 108 bytes.
    ///
    /// Throws `unavailable` when nobody listens, `timeout` when the guest says nothing, `protocolViolation` when it is no guest or another version.
    public static func connect(unixSocket path: FilePath, options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestChannel
    {
        try await open(options) { receiver in
            let socket = try UnixSocketPath(path)
            defer { socket.close() }
            do {
                return try await SocketStream.connect(path: socket.shortPath, options: options, receiver: receiver)
            } catch {
                throw SandboxError(
                    .unavailable, "cannot connect to the guest's socket \(path)", remedy: "see whether the sandbox is still alive",
                    cause: error)
            }
        }
    }

    /// Takes over a connected descriptor (a socket, or a device that reads and writes) whose other end a guest serves.
    ///
    /// The descriptor is closed in every case. Throws as `connect` does, and `invalidArgument` for a descriptor of another kind.
    public static func adopt(descriptor: Int32, options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestChannel {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw SandboxError(.invalidArgument, "descriptor \(descriptor) is not open (\(Errno(rawValue: errno)))")
        }
        let kind = status.st_mode & S_IFMT
        return try await open(options) { receiver in
            do {
                if kind == S_IFSOCK { return try await SocketStream.adopt(socket: descriptor, options: options, receiver: receiver) }
                return try await SocketStream.adopt(pipe: descriptor, options: options, receiver: receiver)
            } catch {
                _ = Glibc.close(descriptor)
                throw SandboxError(.invalidArgument, "descriptor \(descriptor) cannot be a channel", cause: error)
            }
        }
    }

    /// Takes over a descriptor to read from and another one to write to: the two ends of a process that carries the bytes.
    ///
    /// Both are closed in every case. Throws as `connect` does.
    public static func adopt(
        reading input: Int32, writing output: Int32, options: GuestChannelOptions = GuestChannelOptions()
    ) async throws -> GuestChannel {
        try await open(options) { receiver in
            do {
                return try await SocketStream.adopt(reading: input, writing: output, options: options, receiver: receiver)
            } catch {
                _ = Glibc.close(input)
                _ = Glibc.close(output)
                throw SandboxError(.invalidArgument, "descriptors \(input) and \(output) cannot be a channel", cause: error)
            }
        }
    }

    /// Speaks over a carrier, which is closed in every case. Throws as `connect` does.
    public static func open(
        over carrier: any GuestCarrier, options: GuestChannelOptions = GuestChannelOptions()
    ) async throws -> GuestChannel {
        try await open(options) { receiver in CarriedStream(carrier, options: options, receiver: receiver) }
    }

    /// Speaks over any byte stream.
    static func open(
        _ options: GuestChannelOptions, over connect: (any ByteReceiver) async throws -> any ByteStream
    ) async throws -> GuestChannel {
        let link = FrameLink(options: options)
        let stream = try await connect(link)
        let hello = try await link.handshake(over: stream)
        return GuestChannel(hello: hello, link: link)
    }

    /// Nil while the channel is open, afterwards why it ended.
    public var endReason: SandboxError? { link.end }

    /// Waits for the channel's end and returns why. Throws only `CancellationError`.
    public func waitUntilClosed() async throws -> SandboxError { try await link.waitUntilEnded() }

    /// Ends the channel; everything that waits on it throws. Execs go on in the sandbox.
    public func close() { link.finish(SandboxError(.unavailable, "the channel to the guest was closed on this side")) }
}

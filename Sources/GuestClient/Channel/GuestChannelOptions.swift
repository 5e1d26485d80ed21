public import NIOCore

/// The deadlines and sizes of a channel.
public struct GuestChannelOptions: Sendable {
    /// From the connection to the guest's hello.
    public var handshakeDeadline: Duration
    /// For the answer to a plain request, and for each step forward of a transfer. Exec events have none.
    public var requestDeadline: Duration
    /// After this long without a byte from the guest, while something is awaited, the guest is pinged.
    public var keepaliveInterval: Duration
    /// Without a sign of life for this long after the ping the channel is given up.
    public var keepaliveTimeout: Duration
    /// Whether the guest is pinged while nothing is awaited too, so that whoever carries the channel sees that this side lives.
    public var pingsWhenIdle: Bool
    /// Bytes of each output stream of an exec that may be under way or queued; a slower reader stalls the command.
    public var outputWindow: UInt32
    /// As `outputWindow`, for a terminal: a slower reader misses the oldest bytes.
    public var terminalWindow: UInt32
    /// Where the input and output happen; nil is NIO's shared group.
    public var eventLoops: (any EventLoopGroup)?

    /// Creates options with the defaults that suit a local guest.
    public init(
        handshakeDeadline: Duration = .seconds(10), requestDeadline: Duration = .seconds(60),
        keepaliveInterval: Duration = .seconds(15), keepaliveTimeout: Duration = .seconds(30), pingsWhenIdle: Bool = false,
        outputWindow: UInt32 = 1 << 20, terminalWindow: UInt32 = 256 << 10, eventLoops: (any EventLoopGroup)? = nil
    ) {
        self.handshakeDeadline = handshakeDeadline
        self.requestDeadline = requestDeadline
        self.keepaliveInterval = keepaliveInterval
        self.keepaliveTimeout = keepaliveTimeout
        self.pingsWhenIdle = pingsWhenIdle
        self.outputWindow = outputWindow
        self.terminalWindow = terminalWindow
        self.eventLoops = eventLoops
    }
}

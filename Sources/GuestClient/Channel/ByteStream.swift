import NIOCore

/// A connected full-duplex byte stream beneath a channel: a unix socket, a socket pair, a cloud's process.
protocol ByteStream: Sendable {
    /// Sends bytes in the order of the calls. `written` is told when they have left or never will.
    func write(_ bytes: ByteBuffer, written: (@Sendable (Bool) -> Void)?)
    /// Runs `work` at a point in time. The result cancels it.
    func schedule(at time: NIODeadline, _ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void
    /// Ends both directions. The receiver is told when it has ended.
    func close()
}

/// Takes what comes out of a byte stream; called by one thread at a time.
protocol ByteReceiver: AnyObject, Sendable {
    /// More bytes, to be read to their end.
    func received(_ bytes: inout ByteBuffer)
    /// Nothing follows. Nil is an orderly end.
    func ended(_ error: (any Error)?)
}

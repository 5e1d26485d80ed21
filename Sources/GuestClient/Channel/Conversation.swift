import GuestProtocol
import NIOCore
import SandboxCore

/// What goes on under one stream number. Its methods are called without any lock of the link held.
protocol Conversation: AnyObject, Sendable {
    /// Takes a message of the guest; true when it is the guest's last on this stream. Throws what closes the channel.
    func receive(_ message: GuestMessage) throws(ProtocolViolation) -> Bool
    /// The channel ended.
    func fail(_ reason: SandboxError)
    /// Gives up if its deadline has come; returns the deadline that is still to be kept.
    func expire(at now: NIODeadline) -> NIODeadline?
}

/// A conversation's end of the link.
struct Line: Sendable {
    let link: FrameLink
    let stream: UInt32

    /// Sends a message; throws the channel's end.
    func send(_ message: HostMessage) throws { try link.send(message, stream: stream) }

    /// Sends content and waits until it has left, so that what is under way stays bounded when the guest does not read.
    func sendContent(_ message: HostMessage) async throws {
        var frames = ByteBuffer()
        frames.write(frame: message.encode(stream: stream))
        try await link.send(frames).value()
    }

    /// Stops listening. What the guest still sends, up to `budget` bytes, is thrown away.
    func abandon(budget: Int, saying farewell: [HostMessage] = []) {
        link.abandon(stream, budget: budget)
        for message in farewell { try? send(message) }
    }
}

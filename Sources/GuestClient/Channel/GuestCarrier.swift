/// What carries a channel where there is no socket to the guest: a cloud's way to start a process and to speak with it.
public protocol GuestCarrier: Sendable {
    /// Sends bytes towards the guest and returns when they are taken. One call at a time; what it throws ends the channel, for nobody can tell
    /// how much of the piece arrived.
    func send(_ bytes: [UInt8]) async throws
    /// The guest's next bytes; nil at an orderly end. One call at a time; nothing more is fetched before the bytes are dealt with.
    func receive() async throws -> [UInt8]?
    /// Ends both directions: calls that wait return or throw soon. May come more than once.
    func close()
}

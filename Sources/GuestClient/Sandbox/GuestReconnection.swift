/// How a broken channel is made again.
public struct GuestReconnection: Sendable {
    /// Connections tried before it is given up.
    public var attempts: Int
    /// Before the second attempt; doubled before each further one.
    public var firstPause: Duration
    /// For all attempts together.
    public var deadline: Duration

    /// Creates a policy.
    public init(attempts: Int = 6, firstPause: Duration = .milliseconds(50), deadline: Duration = .seconds(30)) {
        self.attempts = attempts
        self.firstPause = firstPause
        self.deadline = deadline
    }
}

/// How long and how often a call is tried.
struct CloudPatience: Sendable {
    var attempts = 6
    /// Before the second attempt, at most; doubled before each further one.
    var firstPause: Duration = .milliseconds(200)
    var longestPause: Duration = .seconds(10)
    /// For all pauses together. A service that asks for more is believed, and the call fails.
    var budget: Duration = .seconds(40)

    /// What is left of it for one call.
    struct Budget {
        private let patience: CloudPatience
        private var left: Duration
        private var done = 1

        init(_ patience: CloudPatience) {
            self.patience = patience
            left = patience.budget
        }

        /// How long to wait before the next attempt; nil when there is none.
        mutating func pause(asked: Duration?) -> Duration? {
            guard done < patience.attempts else { return nil }
            let most = min(patience.longestPause, patience.firstPause * (1 << min(done - 1, 16)))
            // Many that were refused at the same moment do not come back at the same moment.
            let jitter = most * Double.random(in: 0.5...1)
            let pause = asked.map { $0 + most * Double.random(in: 0...0.25) } ?? jitter
            guard pause <= left else { return nil }
            done += 1
            left -= pause
            return pause
        }
    }
}

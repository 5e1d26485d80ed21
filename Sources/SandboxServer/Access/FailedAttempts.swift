import Synchronization

/// Counts refused tokens per peer, in windows of a minute.
final class FailedAttempts: Sendable {
    private struct Window {
        var start: ContinuousClock.Instant
        var count: Int
    }

    private let limit: Int
    private let length: Duration
    private let windows = Mutex<[String: Window]>([:])
    /// More peers than this are an attack; the oldest windows are over anyway.
    private static let mostPeers = 10_000

    init(limit: Int = 20, length: Duration = .seconds(60)) {
        self.limit = limit
        self.length = length
    }

    /// Notes an attempt; beyond the limit it returns the seconds until the next may come.
    func note(_ peer: String) -> Int? {
        let now = ContinuousClock.now
        return windows.withLock { windows in
            if windows.count >= Self.mostPeers { windows = windows.filter { now - $0.value.start < length } }
            guard windows.count < Self.mostPeers || windows[peer] != nil else { return Int(length / .seconds(1)) }
            var window = windows[peer] ?? Window(start: now, count: 0)
            if now - window.start >= length { window = Window(start: now, count: 0) }
            window.count += 1
            windows[peer] = window
            guard window.count > limit else { return nil }
            return max(1, Int(((length - (now - window.start)) / .seconds(1)).rounded(.up)))
        }
    }
}

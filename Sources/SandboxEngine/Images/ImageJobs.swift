import SandboxCore
import Synchronization

/// The builds that go on by themselves, and the latest that are over.
final class ImageJobs: Sendable {
    private struct Entry {
        var job: ImageJob
        /// The latest lines of the log.
        var kept: [String] = []
        var listeners: [Int: AsyncStream<ImageJobEvent>.Continuation] = [:]
        /// Ended to cancel the build.
        var life: AsyncStream<Never>.Continuation
    }

    private struct State {
        var next = 0
        var entries: [ImageBuildID: Entry] = [:]
        /// From the oldest to the newest.
        var order: [ImageBuildID] = []
    }

    static let mostRunning = 8
    private static let mostEnded = 32
    private static let keptLines = 1000
    private static let longestLine = 1000

    private let state = Mutex(State())

    /// Notes a build that begins; the stream ends when it is to be cancelled. Throws `limitExceeded` while too many run.
    func add(_ job: ImageJob) throws -> AsyncStream<Never> {
        let (life, continuation) = AsyncStream.makeStream(of: Never.self)
        try state.withLock { state in
            guard state.entries.values.count(where: { $0.job.state == .running }) < Self.mostRunning else {
                throw SandboxError(
                    .limitExceeded, "\(Self.mostRunning) images are being built already", remedy: "wait for one of them, or cancel it")
            }
            state.entries[job.id] = Entry(job: job, life: continuation)
            state.order.append(job.id)
            let ended = state.order.filter { state.entries[$0]?.job.state != .running }
            for id in ended.dropLast(Self.mostEnded) {
                state.entries[id] = nil
                state.order.removeAll { $0 == id }
            }
        }
        return life
    }

    func write(_ line: String, to id: ImageBuildID) {
        let text = String(line.prefix(Self.longestLine))
        state.withLock { state in
            guard var entry = state.entries.removeValue(forKey: id) else { return }
            entry.job.lines += 1
            entry.kept.append(text)
            if entry.kept.count >= 2 * Self.keptLines { entry.kept.removeFirst(Self.keptLines) }
            for listener in entry.listeners.values { listener.yield(.line(entry.job.lines, text)) }
            state.entries[id] = entry
        }
    }

    func end(_ id: ImageBuildID, _ result: Result<ImageBuildResult, any Error>) {
        let (job, listeners) = state.withLock { state -> (ImageJob?, [AsyncStream<ImageJobEvent>.Continuation]) in
            guard var entry = state.entries[id] else { return (nil, []) }
            entry.job.endedAt = .now()
            switch result {
            case .success(let built): (entry.job.state, entry.job.result) = (.finished, built)
            case .failure(let error):
                entry.job.state = error is CancellationError ? .cancelled : .failed
                entry.job.failure = error
            }
            let listeners = Array(entry.listeners.values)
            entry.listeners = [:]
            state.entries[id] = entry
            return (entry.job, listeners)
        }
        for listener in listeners {
            if let job { listener.yield(.ended(job)) }
            listener.finish()
        }
    }

    var all: [ImageJob] { state.withLock { state in state.order.compactMap { state.entries[$0]?.job } } }

    func job(_ id: ImageBuildID) throws -> ImageJob {
        guard let job = state.withLock({ $0.entries[id]?.job }) else { throw Self.unknown(id) }
        return job
    }

    func cancel(_ id: ImageBuildID) throws {
        guard let life = state.withLock({ $0.entries[id]?.life }) else { throw Self.unknown(id) }
        life.finish()
    }

    /// What comes after a line, and what comes from now on. A listener that is slow loses old lines, never the end.
    func listen(_ id: ImageBuildID, after line: Int) throws -> AsyncStream<ImageJobEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ImageJobEvent.self, bufferingPolicy: .bufferingNewest(4 * Self.keptLines))
        let token = try state.withLock { state -> Int? in
            guard let entry = state.entries[id] else { throw Self.unknown(id) }
            let first = entry.job.lines - entry.kept.count + 1
            for (index, text) in entry.kept.enumerated() where first + index > line { continuation.yield(.line(first + index, text)) }
            guard entry.job.state == .running else {
                continuation.yield(.ended(entry.job))
                continuation.finish()
                return nil
            }
            state.next += 1
            state.entries[id]?.listeners[state.next] = continuation
            return state.next
        }
        if let token {
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.entries[id]?.listeners.removeValue(forKey: token) }
            }
        }
        return stream
    }

    private static func unknown(_ id: ImageBuildID) -> SandboxError {
        SandboxError(.notFound, "there is no build '\(id)' here", remedy: "list the builds; those of an earlier server are in its events")
    }
}

/// Reads a build's events in order and tells where lines are missing.
final class ImageJobReader: Sendable {
    private let stream: AsyncStream<ImageJobEvent>
    private let place: Mutex<(expected: Int, waiting: ImageJobEvent?)>

    init(_ stream: AsyncStream<ImageJobEvent>, after line: Int) {
        self.stream = stream
        place = Mutex((line + 1, nil))
    }

    func next() async -> ImageJobEvent? {
        let waiting = place.withLock { place in
            defer { place.waiting = nil }
            return place.waiting
        }
        if let waiting { return waiting }
        var iterator = stream.makeAsyncIterator()
        guard let event = await iterator.next() else { return nil }
        guard case .line(let number, _) = event else { return event }
        return place.withLock { place in
            let missing = number - place.expected
            place.expected = number + 1
            guard missing > 0 else { return event }
            place.waiting = event
            return .skipped(missing)
        }
    }
}

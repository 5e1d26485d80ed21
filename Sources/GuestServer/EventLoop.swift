internal import CSandlotSystem
internal import Glibc

/// Waits for descriptors and deadlines in one thread and calls whoever asked. Nothing here is shared between threads.
final class EventLoop {
    /// Milliseconds of a clock that never goes backwards.
    static var now: UInt64 { microseconds / 1000 }

    /// Microseconds of the same clock.
    static var microseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    private let poller: Int32
    private var handlers: [UInt64: (UInt32) -> Void] = [:]
    private var nextToken: UInt64 = 1
    /// Latest first, so that the next one to fire is cheap to take.
    private var timers: [Timer] = []
    private var isStopped = false

    /// What a timer fires; kept to be able to take it back.
    final class Timer {
        fileprivate let deadline: UInt64
        fileprivate let sequence: UInt64
        fileprivate let body: () -> Void

        fileprivate init(deadline: UInt64, sequence: UInt64, body: @escaping () -> Void) {
            self.deadline = deadline
            self.sequence = sequence
            self.body = body
        }

        fileprivate func isLater(than other: Timer) -> Bool {
            deadline != other.deadline ? deadline > other.deadline : sequence > other.sequence
        }
    }

    /// One watched descriptor. Without events it is out of the poller, since a hang-up would be told without end otherwise.
    final class Watch {
        let descriptor: Int32
        fileprivate let token: UInt64
        private var events: UInt32 = 0
        private unowned let loop: EventLoop

        fileprivate init(descriptor: Int32, token: UInt64, loop: EventLoop) {
            self.descriptor = descriptor
            self.token = token
            self.loop = loop
        }

        /// Which events to tell from now on.
        func want(_ wanted: Int) {
            let wanted = UInt32(wanted)
            guard wanted != events else { return }
            if wanted == 0 {
                sandlot_poller_remove(loop.poller, descriptor)
            } else if events == 0 {
                sandlot_poller_add(loop.poller, descriptor, wanted, token)
            } else {
                sandlot_poller_change(loop.poller, descriptor, wanted, token)
            }
            events = wanted
        }

        /// Ends the watch and closes the descriptor.
        func close() {
            cancel()
            Glibc.close(descriptor)
        }

        /// Ends the watch.
        func cancel() {
            want(0)
            loop.handlers[token] = nil
        }
    }

    init() throws(StartFailure) {
        poller = sandlot_poller_create()
        guard poller >= 0 else { throw StartFailure("cannot create an epoll instance", errno: errno) }
    }

    /// Calls `handler` with the events of `descriptor` once some are wanted.
    func watch(_ descriptor: Int32, _ handler: @escaping (UInt32) -> Void) -> Watch {
        let token = nextToken
        nextToken += 1
        handlers[token] = handler
        return Watch(descriptor: descriptor, token: token, loop: self)
    }

    /// Replaces the handler of a watch; for owners that are not complete when they create it.
    func setHandler(_ watch: Watch, _ handler: @escaping (UInt32) -> Void) { handlers[watch.token] = handler }

    /// Calls `body` once, `milliseconds` from now.
    func after(_ milliseconds: UInt64, _ body: @escaping () -> Void) -> Timer {
        let (deadline, overflow) = EventLoop.now.addingReportingOverflow(milliseconds)
        let timer = Timer(deadline: overflow ? .max : deadline, sequence: nextToken, body: body)
        nextToken += 1
        timers.insert(timer, at: position(of: timer))
        return timer
    }

    /// Takes a timer back; one that fired already is no harm.
    func cancel(_ timer: Timer?) {
        guard let timer else { return }
        let index = position(of: timer)
        if index < timers.count, timers[index] === timer { timers.remove(at: index) }
    }

    /// The loop ends after the current turn.
    func stop() { isStopped = true }

    /// Runs until `stop`. `afterTurn` is called when everything that was ready has been handled.
    func run(afterTurn: () -> Void) {
        withUnsafeTemporaryAllocation(of: sandlot_event.self, capacity: 64) { events in
            guard let base = events.baseAddress else { return }
            afterTurn()
            while !isStopped {
                let count = sandlot_poller_wait(poller, base, 64, timeout())
                for index in 0..<max(0, Int(count)) {
                    // A handler may have ended a watch that comes later in this turn; its token is unknown by then.
                    handlers[base[index].token]?(base[index].events)
                }
                fireTimers()
                afterTurn()
            }
        }
    }

    private func position(of timer: Timer) -> Int {
        var low = 0
        var high = timers.count
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].isLater(than: timer) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func timeout() -> Int32 {
        guard let next = timers.last else { return -1 }
        let now = EventLoop.now
        return next.deadline <= now ? 0 : Int32(clamping: min(next.deadline - now, 3_600_000))
    }

    private func fireTimers() {
        let now = EventLoop.now
        while let next = timers.last, next.deadline <= now {
            timers.removeLast()
            next.body()
        }
    }
}

/// Why the guest cannot serve at all.
public struct StartFailure: Error {
    /// What was tried.
    public let message: String
    /// The kernel's number, or 0.
    public let errno: Int32

    init(_ message: String, errno: Int32 = 0) {
        self.message = message
        self.errno = errno
    }
}

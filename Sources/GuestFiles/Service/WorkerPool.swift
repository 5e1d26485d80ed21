/// A few threads that take work in order. They start when there is work for them.
///
/// Unchecked: everything mutable is used only inside `monitor`.
final class WorkerPool: @unchecked Sendable {
    private let monitor = Monitor()
    private let changed = Condition()
    private let maximum: Int
    private var threads = 0
    private var idle = 0
    private var work: [@Sendable () -> Void] = []
    private var first = 0
    private var isStopped = false

    init(threads maximum: Int) { self.maximum = max(1, maximum) }

    /// False when too much waits already, or no thread can be had.
    func submit(_ body: @escaping @Sendable () -> Void) -> Bool {
        monitor.locked {
            guard !isStopped, work.count - first < FileLimits.waitingRequests else { return false }
            if idle < work.count - first + 1, threads < maximum {
                if Thread.start({ self.serve() }) {
                    threads += 1
                } else if threads == 0 {
                    return false
                }
            }
            work.append(body)
            changed.signal()
            return true
        }
    }

    /// The threads end after what they are doing; work that waits is dropped.
    func stop() {
        monitor.locked {
            isStopped = true
            work = []
            first = 0
            changed.broadcast()
        }
    }

    private func serve() {
        while let body = next() { body() }
    }

    private func next() -> (@Sendable () -> Void)? {
        monitor.locked {
            while !isStopped, first == work.count {
                idle += 1
                changed.wait(in: monitor)
                idle -= 1
            }
            if isStopped { return nil }
            let body = work[first]
            first += 1
            if first == work.count {
                work.removeAll(keepingCapacity: true)
                first = 0
            } else if first >= 256 {
                work.removeFirst(first)
                first = 0
            }
            return body
        }
    }
}

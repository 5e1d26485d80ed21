internal import Glibc

/// A few threads that write small files while an import goes on.
///
/// Unchecked: everything mutable is used only inside the monitor.
final class WritingCrew: @unchecked Sendable {
    private let monitor = Monitor()
    private let changed = Condition()
    private var work: [(bytes: Int, body: () throws -> Void)] = []
    private var first = 0
    private var bytes = 0
    private var underWay = 0
    private var threads = 0
    private var failure: (any Error)?
    private var isOver = false
    /// Asked once: without /sys the C library counts them in all of /proc/stat, which takes longer than writing a file.
    private let mostThreads = min(FileLimits.writingThreads, Thread.processors)

    /// Takes a piece of work of so many bytes; waits while too much waits. Throws what earlier work threw.
    func submit(_ count: Int, _ body: @escaping @Sendable () throws -> Void) throws {
        let isAlone = try monitor.locked {
            while failure == nil, threads > 0, work.count - first >= FileLimits.waitingFiles || bytes >= FileLimits.importWindow {
                changed.wait(in: monitor)
            }
            if let failure { throw failure }
            if threads < mostThreads, threads <= work.count - first, Thread.start({ self.serve() }) {
                threads += 1
            }
            if threads == 0 { return true }
            work.append((count, body))
            bytes += count
            changed.broadcast()
            return false
        }
        if isAlone { try body() }
    }

    /// Waits until everything that was taken is done. Throws what it threw.
    func wait() throws {
        try monitor.locked {
            while work.count > first || underWay > 0 { changed.wait(in: monitor) }
            if let failure { throw failure }
        }
    }

    /// The threads end after what was taken.
    func end() {
        monitor.locked {
            while work.count > first || underWay > 0 { changed.wait(in: monitor) }
            isOver = true
            changed.broadcast()
        }
    }

    private func serve() {
        while let body = next() {
            var failed: (any Error)?
            do { try body() } catch { failed = error }
            monitor.locked {
                underWay -= 1
                if let failed, failure == nil { failure = failed }
                changed.broadcast()
            }
        }
    }

    private func next() -> (() throws -> Void)? {
        monitor.locked {
            while !isOver, first == work.count { changed.wait(in: monitor) }
            guard first < work.count else { return nil }
            let (count, body) = work[first]
            work[first].body = {}
            first += 1
            bytes -= count
            underWay += 1
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

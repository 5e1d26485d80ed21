import Synchronization

/// What the server counts about its requests.
final class ServerMetrics: Sendable {
    struct Key: Hashable, Sendable {
        var method: String
        var route: String
        var status: Int
    }

    struct Series: Sendable {
        var count: UInt64 = 0
        var seconds: Double = 0
        /// Requests that took at most so long, cumulative, by the bound of the same index.
        var buckets = [UInt64](repeating: 0, count: ServerMetrics.bounds.count)
    }

    static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60]
    /// Routes and statuses are ours, so this is not reached; it keeps a fault from growing for ever.
    private static let mostSeries = 2000

    private let series = Mutex<[Key: Series]>([:])
    private let gauges = Mutex<[String: Int]>([:])

    func count(_ method: String, _ route: String, _ status: Int, _ duration: Duration) {
        let seconds = duration / .seconds(1)
        // The method is the client's word; on a route that exists it is one of ours.
        let key = Key(method: route.isEmpty || route == "NotFound" ? "" : method, route: route, status: status)
        series.withLock { series in
            guard series[key] != nil || series.count < Self.mostSeries else { return }
            series[key, default: Series()].count += 1
            series[key]?.seconds += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { series[key]?.buckets[index] += 1 }
        }
    }

    func add(_ change: Int, to gauge: String) { gauges.withLock { $0[gauge, default: 0] += change } }

    var snapshot: (series: [Key: Series], gauges: [String: Int]) { (series.withLock { $0 }, gauges.withLock { $0 }) }
}

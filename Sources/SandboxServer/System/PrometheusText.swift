/// The counters in the text format that Prometheus reads.
struct PrometheusText {
    let text: String

    init(_ metrics: ServerMetrics, _ usage: Usage.Counts) {
        var lines: [String] = []
        func family(_ name: String, _ type: String, _ help: String) { lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"] }
        let (series, gauges) = metrics.snapshot
        family("sandlot_requests_seconds", "histogram", "Time until the head of the answer, by route.")
        for (key, one) in series.sorted(by: { ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status) })
        {
            let labels = "method=\"\(Self.safe(key.method))\",route=\"\(Self.safe(key.route))\",status=\"\(key.status)\""
            for (bound, count) in zip(ServerMetrics.bounds, one.buckets) {
                lines.append("sandlot_requests_seconds_bucket{\(labels),le=\"\(bound)\"} \(count)")
            }
            lines.append("sandlot_requests_seconds_bucket{\(labels),le=\"+Inf\"} \(one.count)")
            lines.append("sandlot_requests_seconds_sum{\(labels)} \(one.seconds)")
            lines.append("sandlot_requests_seconds_count{\(labels)} \(one.count)")
        }
        for (name, value) in gauges.sorted(by: { $0.key < $1.key }) {
            family("sandlot_\(name)", "gauge", "Open now.")
            lines.append("sandlot_\(name) \(value)")
        }
        family("sandlot_sessions", "gauge", "Open sessions by state.")
        for (state, count) in usage.sessions.sorted(by: { $0.key < $1.key }) {
            lines.append("sandlot_sessions{state=\"\(state)\"} \(count)")
        }
        family("sandlot_running_execs", "gauge", "Commands that run.")
        lines.append("sandlot_running_execs \(usage.runningExecs)")
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func safe(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { safe, scalar in
            switch scalar {
            case "\\", "\"": safe += "\\" + String(scalar)
            case "\n": safe += "\\n"
            default: safe.unicodeScalars.append(scalar)
            }
        }
    }
}

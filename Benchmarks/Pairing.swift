/// One figure of ours beside one of a peer, measured in turn so that a drift of the machine hits both.
struct Pairing {
    var name: String
    var peerName: String
    var unit: Unit
    var ours: [Double]
    var peer: [Double]
    /// What the project aims at, as text, beside the figure.
    var aim: String

    /// How values are printed.
    enum Unit: String {
        case milliseconds = "ms"
        case gigabytesPerSecond = "GB/s"
        case perSecond = "/s"
        case mebibytes = "MiB"
    }

    /// Runs ours and the peer in turn after a warm-up, `rounds` times, each after `settle`, and keeps what each returns.
    static func measure(
        _ name: String, against peerName: String, unit: Unit = .milliseconds, rounds: Int, warmUp: Int = 3, aim: String,
        settle: () async throws -> Void = {}, ours: () async throws -> Double, peer: () async throws -> Double
    ) async throws -> Pairing {
        var mine: [Double] = []
        var theirs: [Double] = []
        for round in 0..<(rounds + warmUp) {
            try await settle()
            let first = try await ours()
            try await settle()
            let second = try await peer()
            guard round >= warmUp else { continue }
            mine.append(first)
            theirs.append(second)
        }
        return Pairing(name: name, peerName: peerName, unit: unit, ours: mine, peer: theirs, aim: aim)
    }

    /// One line of a Markdown table.
    var row: String {
        let ratio = median(ours) / median(peer)
        return
            "| \(name) | \(text(median(ours))) | \(text(percentile(ours, 0.9))) | \(peerName) | \(text(median(peer))) | \(twoDigits(ratio)) | \(aim) |"
    }

    static let header = """
        | What | ours, median | p90 | peer | peer, median | ratio | aim |
        |---|---|---|---|---|---|---|
        """

    private func text(_ value: Double) -> String { "\(twoDigits(value)) \(unit.rawValue)" }
}

/// The middle value.
func median(_ values: [Double]) -> Double { percentile(values, 0.5) }

/// The value below which a part of the values lies; 0 without values.
func percentile(_ values: [Double], _ part: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
}

/// Rounded to two decimals.
func twoDigits(_ value: Double) -> String {
    guard value.isFinite else { return "n/a" }
    let scaled = Int((value * 100).rounded())
    let cents = scaled % 100
    return "\(scaled / 100).\(cents < 10 ? "0" : "")\(cents)"
}

/// Milliseconds that a piece of work took.
func milliseconds(_ body: () async throws -> Void) async rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try await body()
    let elapsed = clock.now - start
    return Double(elapsed.components.seconds) * 1000 + Double(elapsed.components.attoseconds) / 1e15
}

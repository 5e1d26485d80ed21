extension Duration {
    /// Nanoseconds, clamped to what 64 bits hold.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Milliseconds rounded up, so that a wait is never shorter than asked for; negative durations count as none.
    var millisecondsRoundedUp: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds > 0 || attoseconds > 0 else { return 0 }
        let (scaled, overflow) = UInt64(max(0, seconds)).multipliedReportingOverflow(by: 1000)
        guard !overflow else { return .max }
        let step: Int64 = 1_000_000_000_000_000
        let (sum, carried) = scaled.addingReportingOverflow(UInt64(max(0, (attoseconds + step - 1) / step)))
        return carried ? .max : sum
    }
}

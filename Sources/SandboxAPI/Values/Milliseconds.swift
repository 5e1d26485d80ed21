import SandboxCore

/// Durations cross the wire as milliseconds, with a fraction where there is one.
public enum Milliseconds {
    /// Reads a number of milliseconds. Throws `invalidArgument` for a negative one, for what is no number, and beyond 100 years.
    public static func duration(_ value: Double, _ what: String) throws -> Duration {
        guard value.isFinite, value >= 0, value < 3.2e12 else {
            throw SandboxError(.invalidArgument, "'\(what)' is not a number of milliseconds", remedy: "give a positive number")
        }
        return .nanoseconds(Int64((value * 1_000_000).rounded()))
    }

    /// Milliseconds of a duration.
    public static func of(_ duration: Duration) -> Double { duration / .milliseconds(1) }
}

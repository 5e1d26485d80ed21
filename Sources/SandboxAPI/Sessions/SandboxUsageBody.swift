public import SandboxEngine

/// What the processes of a sandbox use, as `GET /v1/sessions/{session}/usage` tells it.
public struct SandboxUsageBody: Sendable, Codable, Equatable {
    public var processes: Int
    /// Resident memory; pages that processes share count for each of them.
    public var memoryBytes: UInt64
    /// Processor time of those that run and of their ended children. Two of these tell a rate.
    public var processorMs: Double
    /// When it was read, in milliseconds since 1970.
    public var at: Int64

    /// Tells what the engine read.
    public init(_ usage: SandboxUsage) {
        processes = usage.processes
        memoryBytes = usage.memory
        processorMs = Milliseconds.of(usage.processorTime)
        at = usage.at.milliseconds
    }
}

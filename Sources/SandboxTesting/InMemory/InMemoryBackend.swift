import Glibc
public import SandboxCore
import Synchronization

/// The reference of the seams: sandboxes that live in this process and touch nothing of the host.
///
/// Each sandbox has a file system of its own in memory and runs built-in programs (`sh`, `cat`, `head`, `sleep`, …) with real pipes, signals,
/// time limits and back-pressure. It serves to test what stands above a backend, and to show what the conformance suite expects.
/// The value is "the machine": sandboxes live on until they are removed, whoever made them, so a restart is tried with the same value.
public final class InMemoryBackend: SettingShapedBackend {
    private struct State {
        var availability: BackendAvailability
        var probes = 0
        var sandboxes: [SandboxID: InMemorySandbox] = [:]
        var made: [SandboxSpec] = []
        var outdated: Set<SandboxID> = []
        var requests: [ExecRequest] = []
    }

    /// What it really does.
    public static let trueCapabilities: Set<Capability> = [
        .detachedExecs, .reattach, .files, .networkNone, .privateFileSystem, .processIsolation, .workspacePath,
    ]

    /// What this machine claims to be.
    public let descriptor: BackendDescriptor
    /// Faults to have.
    public let faults = InMemoryFaults()
    private let clock: any Clock<Duration>
    private let life: Duration?
    private let state: Mutex<State>

    /// Creates an empty machine.
    ///
    /// `isolation` and any capability beyond `trueCapabilities` are only pretended: specifications that ask for them are accepted and not
    /// enforced, so that routing can be tried, and so is the `life` that a sandbox says it has. `clock` measures time limits, graces and `sleep`.
    public init(
        id: BackendID = BackendID(unchecked: "in-memory"), isolation: Isolation = .namespace,
        capabilities: Set<Capability> = InMemoryBackend.trueCapabilities, availability: BackendAvailability = .available(details: [:]),
        placement: BackendDescriptor.Placement = .local, onlyByName: Bool = false, settings: [SettingDescriptor] = [],
        life: Duration? = nil, clock: any Clock<Duration> = ContinuousClock()
    ) {
        descriptor = BackendDescriptor(
            id: id, name: id.rawValue, summary: "Sandboxes in memory, for tests.", isolation: isolation, placement: placement,
            capabilities: capabilities, onlyByName: onlyByName, settings: settings)
        self.clock = clock
        self.life = life
        state = Mutex(State(availability: availability))
    }

    /// Milliseconds since 1970.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: For tests

    /// Changes what `probe` answers. An unavailable backend also refuses to create, with `unavailable`.
    public func setAvailability(_ availability: BackendAvailability) { state.withLock { $0.availability = availability } }
    /// How often it was probed.
    public var probeCount: Int { state.withLock { $0.probes } }
    /// The specifications of all sandboxes that were ever made, in order.
    public var madeSandboxes: [SandboxSpec] { state.withLock { $0.made } }
    /// All commands that were ever started, in order.
    public var startedCommands: [ExecRequest] { state.withLock { $0.requests } }
    /// The sandboxes that exist now, dead ones included.
    public var sandboxIDs: [SandboxID] { state.withLock { $0.sandboxes.keys.sorted() } }

    /// Lets a sandbox die, as a machine that loses power: its execs are lost, its reference is still listed.
    public func killSandbox(_ id: SandboxID) async { await state.withLock { $0.sandboxes[id] }?.end("it died") }

    /// Breaks the channels of a sandbox that lives on: who listens hears `unavailable` and can attach again.
    public func breakChannels(of id: SandboxID) { state.withLock { $0.sandboxes[id] }?.breakChannels() }

    /// Changes the settings, so that every sandbox that exists now is outdated.
    public func changeSettings() { state.withLock { $0.outdated.formUnion($0.sandboxes.keys) } }

    // MARK: The seam

    /// Answers what `setAvailability` said last, and counts the question.
    public func probe() async -> BackendAvailability {
        state.withLock { state in
            state.probes += 1
            return state.availability
        }
    }

    /// Makes a sandbox; `unsupported` for what is not claimed, `unavailable` while it is set so, `alreadyExists` for an id that lives.
    public func create(
        _ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        if case .unavailable(let reason, let remedy) = state.withLock({ $0.availability }) {
            throw SandboxError(.unavailable, reason, remedy: remedy, backend: descriptor.id)
        }
        try SpecCheck(descriptor: descriptor).check(spec)
        try await faults.beforeCreate()
        let sandbox = InMemorySandbox(
            spec: spec, backend: descriptor.id, endsAt: life.map { Self.now + Int64($0 / .milliseconds(1)) }, clock: clock, faults: faults,
            record: { [weak self] request in self?.state.withLock { $0.requests.append(request) } },
            onDestroy: { [weak self] id in self?.state.withLock { _ = $0.sandboxes.removeValue(forKey: id) } })
        let isNew = state.withLock { state in
            guard state.sandboxes[spec.id] == nil else { return false }
            state.sandboxes[spec.id] = sandbox
            return true
        }
        guard isNew else {
            throw SandboxError(.alreadyExists, "there is a sandbox \(spec.id) already", remedy: "use a fresh id", backend: descriptor.id)
        }
        do {
            try await record(sandbox.reference)
            try faults.afterRecord()
            try Task.checkCancellation()
        } catch {
            await sandbox.end("its creation failed")
            state.withLock { _ = $0.sandboxes.removeValue(forKey: spec.id) }
            throw error
        }
        state.withLock { $0.made.append(spec) }
        return sandbox
    }

    /// True for those that are older than the last `changeSettings`.
    public func isOutdated(_ reference: SandboxReference, as spec: SandboxSpec) async throws -> Bool {
        state.withLock { $0.outdated.contains(reference.id) }
    }

    /// The living sandbox of this reference; `notFound` when it is gone or dead.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox {
        try faults.beforeAttach()
        guard let sandbox = try find(reference), sandbox.isAlive else {
            throw SandboxError(.notFound, "sandbox \(reference.id) is gone", remedy: "create a new one", backend: descriptor.id)
        }
        return sandbox
    }

    /// The sandboxes of this owner, dead ones included, by id.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        try faults.beforeList()
        return state.withLock { $0.sandboxes.values.map(\.reference) }.filter { $0.owner == owner }.sorted { $0.id < $1.id }
    }

    /// Destroys what the reference stands for; does nothing when there is no such sandbox or it has another owner.
    public func remove(_ reference: SandboxReference) async throws {
        guard let sandbox = try find(reference) else { return }
        try await sandbox.destroy()
    }

    private func find(_ reference: SandboxReference) throws -> InMemorySandbox? {
        guard reference.backend == descriptor.id else {
            throw SandboxError(
                .invalidArgument, "sandbox \(reference.id) belongs to '\(reference.backend)'", remedy: "ask that backend",
                backend: descriptor.id)
        }
        return state.withLock { $0.sandboxes[reference.id] }.flatMap { $0.reference.owner == reference.owner ? $0 : nil }
    }
}

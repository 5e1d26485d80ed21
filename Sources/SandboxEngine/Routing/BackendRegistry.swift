import SandboxCore
import Synchronization

/// The backends and what their last probes said. A probe runs once however many ask.
final class BackendRegistry: Sendable {
    let backends: [any SandboxBackend]
    private let byID: [BackendID: any SandboxBackend]
    private let lifetime: Duration
    private let timeout: Duration
    private let answers = Mutex<[BackendID: (status: BackendStatus, until: ContinuousClock.Instant)]>([:])
    private let probes: SingleFlight<BackendID, BackendStatus>

    /// Throws `invalidArgument` when two backends have one id.
    init(_ backends: [any SandboxBackend], lifetime: Duration, timeout: Duration, tasks: OwnedTasks) throws {
        var byID: [BackendID: any SandboxBackend] = [:]
        for backend in backends {
            guard byID.updateValue(backend, forKey: backend.descriptor.id) == nil else {
                throw SandboxError(
                    .invalidArgument, "the backend '\(backend.descriptor.id)' is registered twice", remedy: "register it once")
            }
        }
        self.backends = backends
        self.byID = byID
        self.lifetime = lifetime
        self.timeout = timeout
        probes = SingleFlight(tasks: tasks)
    }

    func backend(_ id: BackendID) throws -> any SandboxBackend {
        guard let backend = byID[id] else {
            throw SandboxError(
                .unavailable, "the backend '\(id)' is not configured any more", remedy: "configure it again to reach its sandboxes")
        }
        return backend
    }

    /// Every backend in the order of registration. Those that `isAsked` leaves out are not probed and count as unavailable.
    func statuses(refresh: Bool, asking isAsked: (BackendDescriptor) -> Bool = { _ in true }) async -> [BackendStatus] {
        await withTaskGroup(of: (Int, BackendStatus).self) { group in
            for (index, backend) in backends.enumerated() {
                guard isAsked(backend.descriptor) else {
                    let unknown = BackendAvailability.unavailable(reason: "it was not asked", remedy: "name it")
                    group.addTask { (index, BackendStatus(descriptor: backend.descriptor, availability: unknown, probedAt: .now())) }
                    continue
                }
                group.addTask { (index, await self.status(of: backend, refresh: refresh)) }
            }
            var found: [(Int, BackendStatus)] = []
            for await answer in group { found.append(answer) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// A backend failed although its probe said otherwise: ask again next time.
    func distrust(_ id: BackendID) { answers.withLock { _ = $0.removeValue(forKey: id) } }

    private func status(of backend: any SandboxBackend, refresh: Bool) async -> BackendStatus {
        let id = backend.descriptor.id
        let known = answers.withLock { $0[id] }
        if !refresh, let known, ContinuousClock.now < known.until { return known.status }
        do {
            return try await probes.value(for: id) {
                let availability = await self.ask(backend)
                let status = BackendStatus(descriptor: backend.descriptor, availability: availability, probedAt: .now())
                self.answers.withLock { $0[id] = (status, .now + self.lifetime) }
                return status
            }
        } catch {
            let unknown = BackendAvailability.unavailable(reason: "the probe was interrupted", remedy: "ask again")
            return BackendStatus(descriptor: backend.descriptor, availability: unknown, probedAt: .now())
        }
    }

    private func ask(_ backend: any SandboxBackend) async -> BackendAvailability {
        do {
            return try await withDeadline(timeout, "the probe") { await backend.probe() }
        } catch {
            return .unavailable(reason: "the probe did not answer within \(timeout)", remedy: "look at the backend, then probe again")
        }
    }
}

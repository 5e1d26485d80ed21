import SandboxCore

/// Chooses a backend. Pure: everything it knows is in its arguments.
struct Router: Sendable {
    /// What a session asks of a backend.
    struct Query: Sendable {
        var wantsSandbox: Bool
        var backend: BackendID?
        /// As stated by the request.
        var statedFloor: Isolation?
        var needs: [Need]
    }

    /// A capability and what it is needed for.
    struct Need: Sendable, Equatable {
        var capability: Capability
        /// This would do as well.
        var alternative: Capability?
        var reason: String
    }

    /// The decision, and the backends that it may fall back on while no sandbox exists.
    struct Route: Sendable {
        var decision: RouteDecision
        /// The chosen one first.
        var candidates: [BackendID]
    }

    /// Why a backend does not serve.
    struct Rejection: Sendable {
        var code: SandboxError.Code
        var reason: String
        var remedy: String
    }

    var defaultBackend: BackendID?
    var floor: Isolation
    var autoOrder: [BackendID]

    func route(_ query: Query, among statuses: [BackendStatus]) throws -> Route {
        guard query.wantsSandbox else { return try outside(query, statuses) }
        if let named = query.backend { return try byName(named, query, statuses) }
        return try automatic(query, statuses)
    }

    /// A backend that was asked for by name: it or nothing. The request's floor holds, the configuration's does not: the name is explicit.
    private func byName(_ id: BackendID, _ query: Query, _ statuses: [BackendStatus]) throws -> Route {
        guard let status = statuses.first(where: { $0.descriptor.id == id }) else { throw Self.unknown(id, statuses) }
        var rejection: Rejection?
        if status.descriptor.isolation == .none {
            rejection = Rejection(
                code: .denied, reason: "it does not isolate anything",
                remedy: "turn the sandbox off for this session if that is what you want, or choose another backend")
        } else if let floor = query.statedFloor, status.descriptor.isolation < floor {
            rejection = Self.belowFloor(status.descriptor, floor)
        }
        if let rejection = rejection ?? Self.shortcoming(status, query.needs) { throw Self.refusal(id, rejection) }
        return Self.single(status, "asked for by name", statuses) { _ in "another backend was asked for by name" }
    }

    /// The sandbox is off: the command runs on the host, if the host allows that at all.
    private func outside(_ query: Query, _ statuses: [BackendStatus]) throws -> Route {
        guard let status = statuses.first(where: { $0.descriptor.isolation == .none }) else {
            throw SandboxError(
                .denied, "the sandbox is off for this session, and no backend runs commands on the host",
                remedy: "enable one in the settings, or turn the sandbox on")
        }
        if let named = query.backend, named != status.descriptor.id {
            throw SandboxError(
                .invalidArgument, "the sandbox is off for this session, but the backend '\(named)' was asked for",
                remedy: "leave out the backend, or turn the sandbox on")
        }
        if let floor = query.statedFloor, floor > .none {
            throw Self.refusal(status.descriptor.id, Self.belowFloor(status.descriptor, floor))
        }
        if let rejection = Self.shortcoming(status, query.needs) {
            let code = rejection.code == .unavailable ? SandboxError.Code.denied : rejection.code
            throw Self.refusal(status.descriptor.id, Rejection(code: code, reason: rejection.reason, remedy: rejection.remedy))
        }
        return Self.single(status, "the sandbox is off for this session", statuses) { _ in "the sandbox is off for this session" }
    }

    private func automatic(_ query: Query, _ statuses: [BackendStatus]) throws -> Route {
        var reasons: [RouteDecision.Reason] = []
        var eligible: [BackendStatus] = []
        var rejections: [Rejection] = []
        for status in ordered(statuses) {
            let descriptor = status.descriptor
            if let rejection = rejection(of: status, query) {
                rejections.append(rejection)
                reasons.append(.init(backend: descriptor.id, verdict: .rejected, reason: rejection.reason))
            } else {
                let verdict: RouteDecision.Verdict = eligible.isEmpty ? .chosen : .eligible
                let reason =
                    if verdict == .eligible { "comes after \(eligible[0].descriptor.id)" } else if descriptor.id == defaultBackend {
                        "the configured default"
                    } else { "the first in the order that meets the request" }
                reasons.append(.init(backend: descriptor.id, verdict: verdict, reason: reason))
                eligible.append(status)
            }
        }
        guard let chosen = eligible.first else { throw Self.nothing(reasons, rejections) }
        let decision = RouteDecision(
            chosen: chosen.descriptor.id, isolation: chosen.descriptor.isolation, isAutomatic: true, reasons: reasons)
        return Route(decision: decision, candidates: eligible.map(\.descriptor.id))
    }

    /// Whether the decision depends on this backend's probe. The others need not be asked, which costs time.
    func dependsOnProbe(of descriptor: BackendDescriptor, _ query: Query) -> Bool {
        guard query.wantsSandbox else { return descriptor.isolation == .none }
        if let named = query.backend { return descriptor.id == named }
        return unfitness(of: descriptor, query) == nil
    }

    private func rejection(of status: BackendStatus, _ query: Query) -> Rejection? {
        unfitness(of: status.descriptor, query) ?? Self.shortcoming(status, query.needs)
    }

    /// Why a backend is out of the question, whatever its probe says.
    private func unfitness(of descriptor: BackendDescriptor, _ query: Query) -> Rejection? {
        let wanted = query.statedFloor ?? floor
        if descriptor.isolation == .none {
            return Rejection(code: .denied, reason: "it does not isolate anything", remedy: "turn the sandbox off to use it")
        }
        if descriptor.isolation < wanted { return Self.belowFloor(descriptor, wanted) }
        if descriptor.onlyByName && descriptor.id != defaultBackend && query.statedFloor == nil {
            return Rejection(
                code: .denied, reason: "it is used only when asked for",
                remedy: "name it, or state the floor \(descriptor.isolation.rawValue)")
        }
        return nil
    }

    private func ordered(_ statuses: [BackendStatus]) -> [BackendStatus] {
        let order = (defaultBackend.map { [$0] } ?? []) + autoOrder
        let rank = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
        return statuses.enumerated().sorted { left, right in
            let leftRank = rank[left.element.descriptor.id] ?? Int.max
            let rightRank = rank[right.element.descriptor.id] ?? Int.max
            return (leftRank, left.offset) < (rightRank, right.offset)
        }.map(\.element)
    }
}

import SandboxCore
import SandboxEngine

/// What this server keeps with a session.
enum DaytonaLabels {
    static let name = "daytona.name"
    static let snapshot = "daytona.snapshot"
    static let labels = "daytona.labels"
    static let target = "daytona.target"
    static let stopped = "daytona.stopped"
    static let autoStop = "daytona.auto-stop"
    static let autoDelete = "daytona.auto-delete"
}

extension SessionRecord {
    private func daytona(_ label: String) -> String? { request.labels?[label] }

    var daytonaName: String { daytona(DaytonaLabels.name) ?? id.rawValue }
    var isStoppedByHand: Bool { daytona(DaytonaLabels.stopped) != nil }
    /// Minutes without a call after which it stops; 0 is never.
    var autoStopMinutes: Int { daytona(DaytonaLabels.autoStop).flatMap { Int($0) } ?? DaytonaSandboxes.defaultAutoStop }
    /// Minutes after its stop until it is deleted; negative is never, 0 deletes instead of stopping.
    var autoDeleteMinutes: Int { daytona(DaytonaLabels.autoDelete).flatMap { Int($0) } ?? -1 }
    var daytonaLabels: [String: String] { LabelText.read(daytona(DaytonaLabels.labels)) }

    func daytonaState(now: Timestamp = .now()) -> DaytonaMessages.State {
        switch state {
        case .closing, .closed: return .destroyed
        case .failed: return .error
        case .opening, .ready: return isStoppedByHand ? .stopped : .started
        }
    }

    /// `address` is where this server's toolbox is reached.
    func daytonaSandbox(toolbox address: String) -> DaytonaMessages.Sandbox {
        let state = daytonaState()
        return DaytonaMessages.Sandbox(
            id: id.rawValue, organizationId: "sandlot", name: daytonaName, snapshot: daytona(DaytonaLabels.snapshot),
            user: DaytonaServer.user,
            // Values are secrets of the client: their names are told, as the engine tells them.
            env: Dictionary(uniqueKeysWithValues: request.environmentNames.filter { $0 != "HOME" }.map { ($0, "") }),
            labels: daytonaLabels, networkBlockAll: request.network == NetworkPolicy.none,
            target: daytona(DaytonaLabels.target) ?? "local",
            cpu: Swift.max(1, Int((request.limits.processors ?? 1).rounded(.up))), gpu: 0,
            memory: Int((request.limits.memory ?? 1 << 30) >> 30), disk: Int((request.limits.disk ?? 3 << 30) >> 30),
            state: state.rawValue, desiredState: state == .stopped ? "stopped" : state == .destroyed ? "destroyed" : "started",
            errorReason: failure, autoStopInterval: autoStopMinutes, autoDeleteInterval: autoDeleteMinutes,
            autoDestroyAt: request.maximumLife == nil ? nil : expiresAt.map { CompatTime.text(milliseconds: $0.milliseconds) },
            createdAt: CompatTime.text(milliseconds: createdAt.milliseconds),
            updatedAt: CompatTime.text(milliseconds: lastUsedAt.milliseconds),
            lastActivityAt: CompatTime.text(milliseconds: lastUsedAt.milliseconds), toolboxProxyUrl: address)
    }
}

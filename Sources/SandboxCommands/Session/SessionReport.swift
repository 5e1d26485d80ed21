import SandboxAPI
import SandboxCore
import SandboxEngine
import SystemPackage

/// A session as it is shown.
enum SessionReport {
    static func json(_ session: SessionRecord) -> JSONValue { json(SessionBody(session)) }

    static func json(_ session: SessionBody) -> JSONValue {
        func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
        return [
            "id": .string(session.id.rawValue), "name": .text(session.name), "state": .string(session.state.rawValue),
            "backend": .string(session.backend.rawValue), "isolation": .string(session.isolation.rawValue),
            "sandbox": .text(session.sandbox), "scope": .string(session.scope.rawValue), "workspace": workspace(session.workspace.choice),
            "network": .string(session.network.rawValue), "time_zone": .text(session.timeZone),
            "home": .string(session.home.rawValue),
            "image": image(session.image.choice),
            "image_decision": session.decision.image.map { ImageReport.json(session.backend, $0) } ?? .null,
            "packages": .array((session.packages ?? []).map { .string($0) }), "limits": limits(session.limits),
            "mounts": .array(
                session.mounts.map(\.mount).map {
                    ["source": .string($0.source.string), "target": .string($0.target.string), "read_only": .boolean($0.readOnly)]
                }),
            "environment_names": .array(session.environmentNames.map { .string($0) }),
            "created_at": .string(time(session.createdAt).description), "last_used_at": .string(time(session.lastUsedAt).description),
            "expires_at": .text(session.expiresAt.map(time)), "closed_at": .text(session.closedAt.map(time)),
            "failure": .text(session.failure),
            "decision": decision(session.decision),
        ]
    }

    static func decision(_ decision: RouteDecision) -> JSONValue {
        [
            "chosen": .string(decision.chosen.rawValue), "isolation": .string(decision.isolation.rawValue),
            "automatic": .boolean(decision.isAutomatic),
            "reasons": .array(
                decision.reasons.map {
                    ["backend": .string($0.backend.rawValue), "verdict": .string($0.verdict.rawValue), "reason": .string($0.reason)]
                }),
        ]
    }

    static func limits(_ limits: ResourceLimits) -> JSONValue {
        [
            "memory_bytes": .whole(limits.memory), "processors": limits.processors.map { .number($0) } ?? .null,
            "processes": .whole(limits.processes), "disk_bytes": .whole(limits.disk), "gpus": .text(limits.gpus?.description),
        ]
    }

    private static func workspace(_ workspace: WorkspaceChoice) -> JSONValue {
        switch workspace {
        case .private: ["kind": "private"]
        case .mounted(let path, let readOnly): ["kind": "mounted", "path": .string(path.string), "read_only": .boolean(readOnly)]
        case .synced(let sync):
            [
                "kind": "synced", "path": .string(sync.directory.string), "direction": .string(sync.direction.rawValue),
                "conflicts": .string(sync.conflicts.rawValue),
            ]
        }
    }

    private static func image(_ image: ImageChoice) -> JSONValue {
        switch image {
        case .backendDefault: .null
        case .rootDirectory(let path): .string(path.string)
        case .reference(let name): .string(name)
        }
    }
}

/// How long ago something was.
enum Age {
    static func text(_ time: Timestamp, now: Timestamp = .now()) -> String {
        let seconds = max(0, (now.milliseconds - time.milliseconds) / 1000)
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}

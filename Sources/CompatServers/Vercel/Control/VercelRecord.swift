import SandboxCore
import SandboxEngine
import SystemPackage

/// What this server keeps with a session.
enum VercelLabels {
    static let name = "vercel.name"
    static let project = "vercel.project"
    static let image = "vercel.image"
    static let region = "vercel.region"
    static let tags = "vercel.tags"
    static let persistent = "vercel.persistent"
    static let timeout = "vercel.timeout"
    /// Which of the sandbox's sessions is the current one, from 1.
    static let run = "vercel.run"
    /// Since when the current session is stopped.
    static let stopped = "vercel.stopped"
    /// When the current session of a sandbox that is kept stops.
    static let ends = "vercel.ends"
    /// Since when it runs.
    static let started = "vercel.started"
}

/// A sandbox of the service: a name, and one session of ours behind all the sessions that it has one after the other.
struct VercelRecord: Sendable {
    var record: SessionRecord
    /// Its files are gone, since it was not to be kept.
    var isEnded = false

    private func label(_ name: String) -> String? { record.request.labels?[name] }
    private func number(_ name: String) -> Int64? { label(name).flatMap { Int64($0) } }

    var id: SessionID { record.id }
    var name: String { label(VercelLabels.name) ?? record.id.rawValue }
    var project: String? { label(VercelLabels.project) }
    var tags: [String: String] { LabelText.read(label(VercelLabels.tags)) }
    var isPersistent: Bool { label(VercelLabels.persistent) != nil }
    /// When its session stops by itself.
    var endsAt: Int64? { stoppedAt == nil ? number(VercelLabels.ends) ?? record.expiresAt?.milliseconds : nil }
    var stoppedAt: Int64? { number(VercelLabels.stopped) }
    var run: Int { number(VercelLabels.run).map { Int(clamping: $0) } ?? 1 }
    /// Milliseconds that a session of it lasts.
    var timeout: Int64 { number(VercelLabels.timeout) ?? VercelSandboxes.defaultTimeout }

    var sessionID: String { run == 1 ? record.id.rawValue : "\(record.id)-\(run)" }

    /// The sandbox whose session an id means, and which of its sessions.
    static func parse(_ sessionID: String) -> (sandbox: String, run: Int)? {
        let parts = sessionID.split(separator: "-", omittingEmptySubsequences: false)
        switch parts.count {
        case 2: return (sessionID, 1)
        case 3: return Int(parts[2]).map { ("\(parts[0])-\(parts[1])", $0) }
        default: return nil
        }
    }

    var status: String {
        switch record.state {
        case .failed: "failed"
        case .closed, .closing: "stopped"
        case .opening, .ready: stoppedAt == nil && !isEnded ? "running" : "stopped"
        }
    }

    private var memory: Int { Int((record.request.limits.memory ?? 2 << 30) >> 20) }
    private var processors: Int { max(1, Int((record.request.limits.processors ?? 1).rounded(.up))) }
    private var network: VercelMessages.Network {
        VercelMessages.Network(mode: record.request.network == NetworkPolicy.none ? "deny-all" : "allow-all")
    }
    private var region: String { label(VercelLabels.region) ?? "iad1" }

    var sandbox: VercelMessages.Sandbox {
        VercelMessages.Sandbox(
            name: name, currentSessionId: sessionID, status: status, persistent: isPersistent, image: label(VercelLabels.image),
            projectId: project, cwd: VercelServer.home.string, region: region, vcpus: processors, memory: memory, timeout: timeout,
            networkPolicy: network, statusUpdatedAt: stoppedAt ?? record.createdAt.milliseconds,
            createdAt: record.createdAt.milliseconds, updatedAt: record.lastUsedAt.milliseconds,
            expiresAt: endsAt, tags: tags)
    }

    var session: VercelMessages.Session {
        let started = number(VercelLabels.started) ?? record.createdAt.milliseconds
        return VercelMessages.Session(
            id: sessionID, status: status, sourceSandboxName: name, projectId: project, cwd: VercelServer.home.string, region: region,
            vcpus: processors, memory: memory,
            timeout: endsAt.map { max(0, $0 - started) } ?? timeout,
            networkPolicy: network, requestedAt: started, startedAt: started, stoppedAt: stoppedAt, createdAt: started,
            updatedAt: record.lastUsedAt.milliseconds)
    }
}

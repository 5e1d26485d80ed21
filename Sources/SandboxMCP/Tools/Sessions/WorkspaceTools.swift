import SandboxCore
import SandboxEngine
import SandboxWorkspace

extension Tool {
    static let workspaceDiff = Tool(
        name: "workspace_diff", title: "Compare the workspace with the host",
        description: "What a pull and a push would change in a synced workspace; what has changed in a mounted one.",
        parameters: [.session], hints: .looks
    ) { arguments, context in
        let session = try await context.session(arguments)
        let report = try await context.engine.compareWorkspace(session.id)
        return SyncLines.result(report, report.since == nil ? "to pull" : "changed", session)
    }

    static let workspacePull = Tool(
        name: "workspace_pull", title: "Bring changes to the host",
        description: """
            Bring the sandbox's changes of a synced workspace to the host directory. What both sides changed is kept on both and told as a \
            conflict.
            """,
        parameters: [.session], hints: Hints(destructive: true, idempotent: true)
    ) { arguments, context in
        let session = try await context.session(arguments)
        return SyncLines.result(try await context.engine.pull(session.id), "pulled", session)
    }

    static let workspacePush = Tool(
        name: "workspace_push", title: "Bring changes into the sandbox",
        description: "Bring the host directory's changes of a synced workspace into the sandbox. What the sandbox changed stays.",
        parameters: [.session], hints: Hints(destructive: true, idempotent: true)
    ) { arguments, context in
        let session = try await context.session(arguments)
        return SyncLines.result(try await context.engine.push(session.id), "pushed", session)
    }
}

/// A push, a pull or a comparison, a line for each path.
enum SyncLines {
    private static let limit = 200

    static func result(_ report: SyncReport, _ verb: String, _ session: SessionRecord) -> ToolResult {
        var lines = report.changes.map { "\($0.change.rawValue) \($0.path) (\($0.side.rawValue))" }
        lines += report.pending.map { "pending: \($0.change.rawValue) \($0.path) (\($0.side.rawValue))" }
        lines += report.conflicts.map { "conflict: \($0.path): \($0.reason)" }
        lines += report.refused.map { "refused: \($0.path): \($0.reason)" }
        lines += report.missed.map { "missed: \($0.path): \($0.reason)" }
        let rest = lines.count - min(lines.count, limit)
        var shown = ["\(report.changes.count) \(verb), \(report.conflicts.count) conflicts"] + lines.prefix(limit)
        if rest > 0 { shown.append("[\(rest) more paths are left out]") }
        let data: JSON = [
            "session": .string(session.id.rawValue), "changes": changes(report.changes), "pending": changes(report.pending),
            "conflicts": .array(report.conflicts.prefix(limit).map { ["path": .words($0.path), "reason": .string($0.reason)] }),
            "refused": refusals(report.refused), "missed": refusals(report.missed), "moved_bytes": .count(report.movedBytes),
            "left_out": .count(rest),
        ]
        return ToolResult(shown.joined(separator: "\n"), data)
    }

    private static func changes(_ changes: [SyncReport.Change]) -> JSON {
        .array(
            changes.prefix(limit).map {
                ["path": .words($0.path), "side": .string($0.side.rawValue), "change": .string($0.change.rawValue)]
            })
    }

    private static func refusals(_ refusals: [SyncReport.Refusal]) -> JSON {
        .array(refusals.prefix(limit).map { ["path": .words($0.path), "reason": .string($0.reason)] })
    }
}

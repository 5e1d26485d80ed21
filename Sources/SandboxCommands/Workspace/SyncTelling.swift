import SandboxAPI
import SandboxEngine
import SandboxWorkspace
import SystemPackage

/// What a push, a pull or a comparison found, as it is shown.
enum SyncTelling {
    static func json(_ report: SyncReportBody) -> JSONValue {
        let omitted = report.omitted
        return [
            "dry_run": .boolean(report.dryRun), "changes": .array(report.changes.map(json)), "pending": .array(report.pending.map(json)),
            "conflicts": .array(report.conflicts.map(json)),
            "merged": .array(report.merged.map { .string($0.path.string) }), "refused": .array(report.refused.map(json)),
            "missed": .array(report.missed.map(json)), "ignored": .whole(report.ignored), "total": .whole(report.total),
            "omitted": [
                "changes": .whole(omitted.changes), "pending": .whole(omitted.pending), "merged": .whole(omitted.merged),
                "conflicts": .whole(omitted.conflicts), "refused": .whole(omitted.refused), "missed": .whole(omitted.missed),
            ],
            "moved_files": .whole(report.movedFiles), "moved_bytes": .whole(report.movedBytes), "read_files": .whole(report.readFiles),
            "read_bytes": .whole(report.readBytes), "since": .text(report.since.map { Timestamp(milliseconds: $0) }),
        ]
    }

    static func json(_ conflict: ConflictBody) -> JSONValue {
        [
            "id": .string(conflict.id), "path": .string(conflict.path.path.string), "reason": .string(conflict.reason),
            "host": fact(conflict.host), "sandbox": fact(conflict.sandbox), "base": fact(conflict.base),
            "loser": .text(conflict.loser?.rawValue),
        ]
    }

    private static func json(_ change: SyncReportBody.Change) -> JSONValue {
        [
            "path": .string(change.path.path.string), "side": .string(change.side.rawValue), "change": .string(change.change.rawValue),
            "kind": .string(change.kind), "size": .whole(change.size),
        ]
    }

    private static func json(_ refusal: SyncReportBody.Refusal) -> JSONValue {
        ["path": .string(refusal.path.path.string), "reason": .string(refusal.reason)]
    }

    private static func fact(_ node: ConflictBody.Node?) -> JSONValue {
        guard let node else { return .null }
        return ["kind": .string(node.kind), "size": .whole(node.size), "mode": .whole(node.mode)]
    }

    /// One line for a path, in the words of `git status`.
    static func text(_ report: SyncReportBody, _ style: Style, bothWays: Bool = false) -> String {
        var text = ""
        for (change, isPending) in report.changes.map({ ($0, false) }) + (bothWays ? report.pending.map { ($0, true) } : []) {
            let way = bothWays ? (isPending ? "host → sandbox  " : "sandbox → host  ") : ""
            text += style.dim(way) + letter(change.change) + " " + Table.harmless(change.path.path.string) + "\n"
        }
        for conflict in report.conflicts {
            text +=
                style.warning("C") + " " + Table.harmless(conflict.path.path.string) + style.dim("  \(conflict.reason) (\(conflict.id))")
                + "\n"
        }
        let vetoed = Set(report.conflicts.map(\.path.path))
        for refusal in report.refused where !vetoed.contains(refusal.path.path) {
            text += style.warning("!") + " " + Table.harmless(refusal.path.path.string) + style.dim("  \(refusal.reason)") + "\n"
        }
        for missed in report.missed {
            text += style.bad("~") + " " + Table.harmless(missed.path.path.string) + style.dim("  \(missed.reason)") + "\n"
        }
        let omitted = report.omitted
        let rest = omitted.changes + omitted.conflicts + omitted.refused + omitted.missed + (bothWays ? omitted.pending : 0)
        if rest > 0 { text += style.dim("… and \(rest) more") + "\n" }
        return text
    }

    static func summary(_ report: SyncReportBody, _ verb: String) -> String {
        let omitted = report.omitted
        let changes = report.changes.count + omitted.changes
        var parts = ["\(changes) \(changes == 1 ? "path" : "paths") \(verb)"]
        if !report.merged.isEmpty { parts.append("\(report.merged.count + omitted.merged) merged") }
        if !report.conflicts.isEmpty { parts.append("\(report.conflicts.count + omitted.conflicts) kept aside (see `session conflicts`)") }
        if !report.missed.isEmpty { parts.append("\(report.missed.count + omitted.missed) left for the next time") }
        parts.append("\(report.movedFiles) files, \(size(report.movedBytes)) moved")
        return parts.joined(separator: ", ")
    }

    static func size(_ bytes: UInt64) -> String {
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= UInt64(factor) {
            let tenths = bytes / UInt64(factor / 10)
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) bytes"
    }

    private static func letter(_ change: NodeChange) -> String {
        switch change {
        case .create: "A"
        case .modify: "M"
        case .delete: "D"
        case .chmod: "m"
        case .retype: "T"
        }
    }
}

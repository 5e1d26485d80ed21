import ArgumentParser
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxSettings
import SystemPackage

/// `sandlot session show`.
struct SessionShow: ServedCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show everything about a session.")
    @Argument(help: "Id or name.") var session: String
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withPlace(settings) { place in
            let record = try await place.session(session)
            if output.json {
                try await context.print(SessionReport.json(record))
            } else {
                var workspace: WorkspaceStatusBody?
                if case .synced = record.workspace { workspace = try await place.workspaceStatus(of: record.id) }
                try await context.print(Self.text(record, workspace, context.style))
            }
            return 0
        }
    }

    static func text(_ session: SessionBody, _ workspace: WorkspaceStatusBody? = nil, _ style: Style) -> String {
        var lines: [(String, String)] = [
            ("session", session.id.rawValue), ("name", session.name ?? "-"), ("state", session.state.rawValue),
            ("backend", "\(session.backend) (\(session.isolation.rawValue))"), ("sandbox", session.sandbox?.rawValue ?? "-"),
            ("network", session.network.rawValue), ("home", session.home.rawValue),
        ]
        if let image = session.decision.image {
            let name = [image.image, image.built].compactMap { $0 }.joined(separator: " as ")
            lines.append(("image", "\(name.isEmpty ? "the backend's own" : name) (\(image.reason))"))
        }
        if let packages = session.packages { lines.append(("packages", packages.joined(separator: " "))) }
        switch session.workspace.choice {
        case .private: lines.append(("workspace", "private"))
        case .mounted(let path, let readOnly): lines.append(("workspace", path.string + (readOnly ? " (read-only)" : "")))
        case .synced(let sync): lines.append(("workspace", "\(sync.directory), synced"))
        }
        if let workspace {
            lines.append(("pushed", workspace.pushedAt.map { Timestamp(milliseconds: $0).description } ?? "never"))
            lines.append(("pulled", workspace.pulledAt.map { Timestamp(milliseconds: $0).description } ?? "never"))
            if workspace.openConflicts > 0 { lines.append(("conflicts", String(workspace.openConflicts))) }
            if let failure = workspace.failure { lines.append(("sync failure", failure)) }
        }
        for mount in session.mounts.map(\.mount) {
            lines.append(("mount", "\(mount.source) on \(mount.target)" + (mount.readOnly ? " (read-only)" : "")))
        }
        let limits = session.limits
        if let memory = limits.memory { lines.append(("memory", ByteSize.text(memory))) }
        if let processors = limits.processors { lines.append(("processors", String(processors))) }
        if let processes = limits.processes { lines.append(("processes", String(processes))) }
        if let disk = limits.disk { lines.append(("disk", ByteSize.text(disk))) }
        if let gpus = limits.gpus { lines.append(("gpus", gpus.description)) }
        if let zone = session.timeZone { lines.append(("time zone", zone)) }
        lines += [
            ("created", Timestamp(milliseconds: session.createdAt).description),
            ("used", Timestamp(milliseconds: session.lastUsedAt).description),
            ("expires", session.expiresAt.map { Timestamp(milliseconds: $0).description } ?? "never"),
        ]
        if let closed = session.closedAt { lines.append(("closed", Timestamp(milliseconds: closed).description)) }
        if let failure = session.failure { lines.append(("failure", failure)) }
        for reason in session.decision.reasons {
            lines.append(("route", "\(reason.backend): \(reason.verdict.rawValue), \(reason.reason)"))
        }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { name, value in
            style.dim(name + String(repeating: " ", count: width - name.count)) + "  " + Table.harmless(value) + "\n"
        }.joined()
    }
}

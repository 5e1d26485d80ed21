import SandboxCore
import SandboxEngine
import SystemPackage

extension Tool {
    static func sessionOpen(_ policy: MCPPolicy) -> Tool {
        var parameters: [Parameter] = [
            .text("name", "A name to find it by: 1 to 63 of a-z, 0-9, - and _."),
            .text("backend", "Which backend; without it the best that works here (backend_list shows them)."),
            .text("image", "Container image, or what image_build gives: @core, @core,jq; for backends that have images."),
            .choice("network", "Whom it can reach.", NetworkPolicy.allCases.map(\.rawValue)),
            .whole("memory_mb", "Memory of the whole sandbox.", 4...1_048_576),
            .whole("processes", "Processes and threads at once.", 1...1_000_000),
            .whole("idle_minutes", "Closed when not used for so long.", 1...10_080),
        ]
        if !policy.workspaces.isEmpty {
            let words = policy.workspaces.map(\.string)
            parameters.append(.choice("workspace", "A directory of the host to work on, mounted as it is.", words))
        }
        return Tool(
            name: "session_open", title: "Open a session",
            description: """
                Open a session: a sandbox of its own with an empty workspace. Gives its id for `session`. It is closed when it was not used for \
                \(policy.idleTimeToLive.components.seconds / 60) minutes (idle_minutes changes that), and everything in it is gone then.
                """,
            parameters: parameters, hints: Hints(openWorld: true), isForAllSessions: true
        ) { arguments, context in
            let request = try SessionArguments.request(arguments, context.policy)
            let open = try await context.engine.sessions().count { context.mayReach($0.id) }
            guard open < context.policy.sessionLimit else {
                throw SandboxError(.limitExceeded, "\(open) sessions are open", remedy: "close one with session_close")
            }
            let record = try await context.engine.open(request)
            context.server.sessions.add(record.id)
            let sandbox = try await context.engine.prepare(record.id)
            return ToolResult(
                "\(SessionLine.text(record))\nworkspace \(sandbox.workspacePath)",
                SessionLine.data(record, workspace: sandbox.workspacePath))
        }
    }

    static let sessionList = Tool(
        name: "session_list", title: "List sessions",
        description: "List the open sessions with backend, isolation, state and expiry.",
        parameters: [.whole("limit", "How many at most.", 1...500, default: 100)], hints: .looks
    ) { arguments, context in
        let limit = try arguments.count("limit")
        let all = try await context.engine.sessions().filter { context.mayReach($0.id) }
        let shown = all.suffix(limit)
        var lines = shown.map(SessionLine.text)
        if all.isEmpty { lines.append("no open session") }
        if all.count > limit { lines.append("[\(all.count - limit) older ones are left out]") }
        return ToolResult(
            lines.joined(separator: "\n"),
            ["sessions": .array(shown.map { SessionLine.data($0, workspace: nil) }), "total": .count(all.count)])
    }

    static let sessionClose = Tool(
        name: "session_close", title: "Close a session",
        description: "Close a session: its sandbox, its files and its commands are gone. Files of a mounted workspace stay.",
        parameters: [
            .text("session", "Session id or name.", required: true), .flag("force", "Also while commands run, which are killed."),
        ],
        hints: Hints(destructive: true, idempotent: true), isForAllSessions: true
    ) { arguments, context in
        let record = try await context.session(arguments)
        try await context.engine.close(record.id, force: try arguments.flag("force"))
        context.server.sessions.remove(record.id)
        return ToolResult("closed \(record.id)", ["session": .string(record.id.rawValue), "state": "closed"])
    }

    static let backendList = Tool(
        name: "backend_list", title: "List backends",
        description: "List what can make sandboxes here: isolation, abilities, and why the others cannot.",
        parameters: [], hints: .looks
    ) { _, context in
        let all = await context.engine.backends()
        let lines = all.map { status in
            let about = status.descriptor
            return switch status.availability {
            case .available: "\(about.id) · isolation \(about.isolation.rawValue) · available · \(about.summary)"
            case .unavailable(let reason, _): "\(about.id) · isolation \(about.isolation.rawValue) · not available: \(reason)"
            }
        }
        let list = all.map { status -> JSON in
            let about = status.descriptor
            var data = JSON.Members([
                ("id", .string(about.id.rawValue)), ("isolation", .string(about.isolation.rawValue)),
                ("placement", .string(about.placement.rawValue)), ("only_by_name", .boolean(about.onlyByName)),
                ("capabilities", .array(about.capabilities.sorted().map { .string($0.rawValue) })),
                ("available", .boolean(status.availability.isAvailable)),
            ])
            if case .unavailable(let reason, let remedy) = status.availability {
                data["reason"] = .string(reason)
                data["remedy"] = .string(remedy)
            }
            return .object(data)
        }
        return ToolResult(lines.joined(separator: "\n"), ["backends": .array(list)])
    }
}

/// The arguments that say what a session shall be, held to the policy.
enum SessionArguments {
    static func request(_ arguments: ToolArguments, _ policy: MCPPolicy) throws -> SessionRequest {
        var request = SessionRequest(name: try arguments.text("name"))
        request.backend = try arguments.text("backend").map { try BackendID(validating: $0) }
        if let image = try arguments.text("image") {
            // A path would make a directory of the host the sandbox's root.
            guard !image.isEmpty, !image.hasPrefix("/"), !image.hasPrefix(".") else {
                throw ToolArguments.wrong("'image' is the name of an image, not a path", "pass a name such as debian:12")
            }
            request.image = .reference(image)
        }
        if let network = try arguments.word("network").flatMap(NetworkPolicy.init) {
            guard network == .none || policy.mayOpenNetwork else {
                throw SandboxError(
                    .denied, "this server opens no sandbox to the network at a model's wish",
                    remedy: "leave 'network' out; the operator can allow it with --allow-network")
            }
            request.network = network
        }
        if let workspace = try arguments.word("workspace") { request.workspace = .mounted(FilePath(workspace), readOnly: false) }
        let (memory, processes) = (try arguments.whole("memory_mb"), try arguments.whole("processes"))
        if memory != nil || processes != nil {
            var limits = policy.limits
            if let memory { limits.memory = min(UInt64(memory) << 20, limits.memory ?? .max) }
            if let processes { limits.processes = min(UInt32(processes), limits.processes ?? .max) }
            request.limits = limits
        }
        request.idleTimeToLive = try arguments.whole("idle_minutes").map { .seconds($0 * 60) } ?? policy.idleTimeToLive
        return request
    }
}

/// A session in one line.
enum SessionLine {
    static func text(_ record: SessionRecord) -> String {
        var parts = [record.id.rawValue]
        if let name = record.name { parts.append("'\(name)'") }
        parts += [record.state.rawValue, "\(record.backend) (isolation \(record.decision.isolation.rawValue))"]
        if let expiry = record.expiresAt { parts.append("closes at \(expiry) unless used") }
        if let failure = record.failure { parts.append(failure) }
        return parts.joined(separator: " · ")
    }

    static func data(_ record: SessionRecord, workspace: FilePath?) -> JSON {
        var data = JSON.Members([
            ("session", .string(record.id.rawValue)), ("name", .words(record.name)), ("state", .string(record.state.rawValue)),
            ("backend", .string(record.backend.rawValue)), ("isolation", .string(record.decision.isolation.rawValue)),
            ("network", .string(record.request.network.rawValue)), ("expires_at", .words(record.expiresAt)),
        ])
        if let workspace { data["workspace"] = .string(workspace.string) }
        if let failure = record.failure { data["failure"] = .string(failure) }
        return .object(data)
    }
}

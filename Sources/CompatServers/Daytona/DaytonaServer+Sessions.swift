import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine

extension DaytonaServer {
    func addSessions(to routes: CompatRoutes) {
        inside(.post, "process/session", routes) { request, session, _ in
            try await shells.create(try await CompatJSON.decode(from: request), in: session)
            return Response(status: .created)
        }
        inside(.get, "process/session", routes) { _, session, _ in CompatJSON.response(try await shells.list(in: session)) }
        inside(.get, "process/session/:name", routes) { _, session, named in
            CompatJSON.response(try await shells.session(try named.text("name"), in: session))
        }
        inside(.delete, "process/session/:name", routes) { _, session, named in
            try await shells.delete(try named.text("name"), in: session)
            return Response(status: .noContent)
        }
        inside(.post, "process/session/:name/exec", routes) { request, session, named in
            let message: SessionMessages.Execute = try await CompatJSON.decode(from: request)
            let done = try await shells.execute(message, session: try named.text("name"), in: session)
            return CompatJSON.response(done, status: message.runAsync == true || message.async == true ? .accepted : .ok)
        }
        inside(.get, "process/session/:name/command/:command", routes) { _, session, named in
            CompatJSON.response(
                try await shells.command(try named.text("command"), session: try named.text("name"), in: session))
        }
        inside(.get, "process/session/:name/command/:command/logs", routes) { _, session, named in
            CompatJSON.response(try await shells.logs(try named.text("command"), session: try named.text("name"), in: session))
        }
        inside(.post, "process/session/:name/command/:command/input", routes) { request, session, named in
            let message: SessionMessages.Input = try await CompatJSON.decode(from: request)
            try await shells.input(message, command: try named.text("command"), session: try named.text("name"), in: session)
            return Response(status: .noContent)
        }
    }

    func addTerminals(to routes: CompatRoutes) {
        inside(.post, "process/pty", routes) { request, session, _ in
            let message: SessionMessages.TerminalRequest = try await CompatJSON.decode(from: request)
            try await terminals.create(message, in: session)
            return CompatJSON.response(SessionMessages.TerminalCreated(sessionId: message.id ?? ""), status: .created)
        }
        inside(.get, "process/pty", routes) { _, session, _ in CompatJSON.response(try await terminals.list(in: session)) }
        inside(.get, "process/pty/:name", routes) { _, session, named in
            CompatJSON.response(try await terminals.info(try named.text("name"), in: session))
        }
        inside(.delete, "process/pty/:name", routes) { _, session, named in
            let name = try named.text("name")
            try await terminals.delete(name, in: session)
            return CompatJSON.response(["message": "PTY session deleted", "sessionId": name])
        }
        inside(.post, "process/pty/:name/resize", routes) { request, session, named in
            let message: SessionMessages.TerminalRequest = try await CompatJSON.decode(from: request)
            return CompatJSON.response(try await terminals.resize(try named.text("name"), message, in: session))
        }
    }
}

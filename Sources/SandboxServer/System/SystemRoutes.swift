import Hummingbird
import NIOCore
import SandboxAPI
import SandboxCore
import SandboxEngine

/// What concerns the server itself.
struct SystemRoutes: Sendable {
    let desk: SessionDesk
    let metrics: ServerMetrics

    func add(to routes: inout ServerRoutes) {
        let version = desk.options.version
        routes.on(.health) { _, _, _ in try JSONAnswer.response(.ok, HealthBody(status: "ok", version: version)) }
        routes.on(.openAPI) { _, _, _ in
            Self.text(try OpenAPIDocument.bytes(version: version), type: "application/json")
        }
        routes.on(.readiness) { _, _, _ in
            let stores = (try? await desk.engine.sessions()) != nil
            let usable = await desk.engine.backends().filter(\.availability.isAvailable).map(\.descriptor.id)
            let body = ReadinessBody(ready: stores && !usable.isEmpty, backends: usable)
            return try JSONAnswer.response(body.ready ? .ok : .serviceUnavailable, body)
        }
        routes.on(.metrics) { _, context, _ in
            try context.granted().require(session: nil)
            let usage = try await Usage(desk.engine).count()
            return Self.text(
                Array(PrometheusText(metrics, usage).text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        routes.on(.usage) { _, context, _ in
            try context.granted().require(session: nil)
            return try JSONAnswer.response(.ok, try await Usage(desk.engine).body())
        }
        routes.on(.openTerminal) { _, context, _ in
            // Only a request that did not become a WebSocket comes here.
            let session = try await desk.sessionID(context)
            let exec = try await desk.engine.exec(ExecID(validating: context.parameters.get("exec") ?? ""))
            guard exec.session == session else { throw SandboxError(.notFound, "session \(session) has no such exec") }
            guard exec.hasTerminal else {
                throw SandboxError(.unsupported, "exec \(exec.id) has no terminal", remedy: "start it with 'terminal'")
            }
            throw StatusError(
                status: .upgradeRequired,
                failure: SandboxError(.invalidArgument, "a terminal is a WebSocket", remedy: "ask for an upgrade, from this origin"),
                headers: [.upgrade: "websocket"])
        }
    }

    private static func text(_ bytes: [UInt8], type: String) -> Response {
        Response(status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

import HTTPTypes
import NIOCore
import NIOHTTP1
import SandboxAPI
import SandboxCore
import SandboxEngine

/// What a viewer was let in to.
struct TerminalTicket: Sendable {
    var exec: ExecID
    /// Where its output begins.
    var offset: UInt64
    /// False for a viewer that may only look.
    var maySend: Bool
}

/// Decides whether a WebSocket may become a terminal, and throws why not.
struct TerminalGate: Sendable {
    let engine: Engine
    let access: any AccessVerifying
    let hosts: HostCheck

    func ticket(for head: HTTPRequestHead) async throws -> TerminalTicket {
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        let steps = parts.first?.split(separator: "/").map(String.init) ?? []
        guard head.method == .GET, steps.count == 6, steps[0] == "v1", steps[1] == "sessions", steps[3] == "execs", steps[5] == "terminal"
        else { throw SandboxError(.notFound, "only terminals are WebSockets here", remedy: "see /v1/openapi.json") }
        try hosts.check(
            authority: head.headers.first(name: "host"), origin: head.headers.first(name: "origin"),
            site: head.headers.first(name: "sec-fetch-site"))
        guard
            let token = PresentedToken(
                authorization: head.headers.first(name: "authorization"), cookies: head.headers[canonicalForm: "cookie"].map(String.init))
        else { throw SandboxError(.denied, "this needs an access token", remedy: "send 'Authorization: Bearer TOKEN'") }
        // A page of another origin can open WebSockets with a visitor's cookie: only a page that says where it is from may use one.
        if token.isCookie, head.headers.first(name: "origin") == nil {
            throw SandboxError(.denied, "a request with a cookie does not say which page it is from", remedy: "send a token instead")
        }
        let grant = try await access.grant(for: token.text)
        let session = try await engine.session(steps[2])
        try grant.require(session: session.id)
        let record = try await engine.exec(ExecID(validating: steps[4]))
        guard record.session == session.id else { throw SandboxError(.notFound, "session \(session.id) has no such exec") }
        guard record.hasTerminal else {
            throw SandboxError(.unsupported, "exec \(record.id) has no terminal", remedy: "start it with 'terminal'")
        }
        let query = try RequestQuery(query: parts.count > 1 ? String(parts[1]) : "", .openTerminal)
        let end = engine.outputExtent(of: record.id).standardOutput
        let scrollback = try query.integer("scrollback").map { UInt64($0) }
        let offset = try query.integer("offset").map { UInt64($0) } ?? scrollback.map { end - min(end, $0) } ?? 0
        let looksOnly = try query.flag("view") ?? false
        return TerminalTicket(exec: record.id, offset: offset, maySend: grant.scope >= .exec && !looksOnly)
    }
}

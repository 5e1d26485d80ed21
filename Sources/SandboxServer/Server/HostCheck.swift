import HTTPTypes
import Hummingbird
import SandboxCore

/// Refuses requests that call this server by a name that is not its own: a page from elsewhere whose name was pointed at this machine (DNS
/// rebinding) is in the browser's eyes of the same origin, and only the name tells. A browser's word about another origin is refused too.
struct HostCheck: RouterMiddleware {
    let names: Set<String>
    private let access: any AccessVerifying

    init(_ options: ServerOptions, access: any AccessVerifying) {
        self.access = access
        names = Set(
            (["localhost", "127.0.0.1", "[::1]", Self.bracketed(options.host)] + options.hostNames).map { $0.lowercased() })
    }

    func handle(_ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response) async throws
        -> Response
    {
        // A link to the page in a mail, a chat or a file is followed from elsewhere. The page is the same for everybody, and no page can read it.
        let isLink = request.method == .get && PageRoutes.entries.contains(request.uri.path) && request.headers[.secFetchMode] == "navigate"
        do {
            try check(
                authority: request.head.authority, origin: request.headers[.origin], site: isLink ? nil : request.headers[.secFetchSite])
        } catch {
            let reason = (error as? StatusError)?.failure.message ?? (error as? SandboxError)?.message ?? "another origin"
            await access.noteDenial(reason, ["peer": context.peer ?? ""])
            throw error
        }
        return try await next(request, context)
    }

    func check(authority: String?, origin: String?, site: String?) throws {
        guard let authority, names.contains(Self.name(authority)) else {
            throw StatusError(
                status: .misdirectedRequest,
                failure: SandboxError(
                    .denied, "this server is not called '\((authority ?? "").prefix(80))'",
                    remedy: "use its address, or name it with --host-name when it starts"))
        }
        if let origin, origin != "http://\(authority)", origin != "https://\(authority)" {
            throw SandboxError(.denied, "requests of pages from '\(origin.prefix(80))' are refused", remedy: "use the server's own page")
        }
        if site == "cross-site" {
            throw SandboxError(.denied, "requests of pages from elsewhere are refused", remedy: "use the server's own page")
        }
    }

    /// Without the port.
    private static func name(_ authority: String) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return String(text[...end]) }
        return String(text.prefix { $0 != ":" })
    }

    private static func bracketed(_ host: String) -> String { host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host }
}

extension HTTPField.Name {
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode") ?? .origin
}

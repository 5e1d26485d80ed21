import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore

/// The web page. It is the same for everybody and holds nothing: what it shows it asks of the API, with the browser's cookie.
public struct PageRoutes: RouteContributor {
    /// What links lead to.
    static let entries: Set<String> = ["/", "/login"]

    private let files: PageFiles?

    /// Serves these files; nil serves a page that says how to build them.
    public init(files: PageFiles?) { self.files = files }

    /// Registers the page and its assets.
    public func addRoutes(to routes: ServerRoutes) {
        routes.add(.get, "/", scope: nil) { _, _ in entry() }
        routes.add(.get, "/assets/{asset}", scope: nil) { _, context in try asset(context.parameters.get("asset") ?? "") }
    }

    /// Scripts and styles come from this server alone, and no text becomes markup or code without a policy.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
        """

    private func entry() -> Response {
        let bytes = files?.index ?? Array(Self.unbuilt.utf8)
        return Response(
            status: .ok,
            headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Self.policy, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func asset(_ name: String) throws -> Response {
        guard let file = files?.assets[name] else {
            throw SandboxError(.notFound, "the page has no file '\(name.prefix(80))'", remedy: "reload the page")
        }
        // Its name changes with its content.
        return Response(
            status: .ok, headers: [.contentType: file.type, .cacheControl: "public, max-age=31536000, immutable"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    private static let unbuilt = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>Sandlot</title>
        <h1>Sandlot is running</h1>
        <p>Its web page has not been built. In a checkout run <code>Scripts/web</code> and start the server again;
        for a page that lies elsewhere set <code>SANDLOT_WEB</code> to its directory.</p>
        <p>The API is here all the same: <a href="/v1/openapi.json">/v1/openapi.json</a>.</p>
        </html>
        """
}

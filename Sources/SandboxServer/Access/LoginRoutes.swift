import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// A browser's way in: a link that works once, exchanged for a cookie that no script can read.
struct LoginRoutes: Sendable {
    let desk: SessionDesk
    let attempts: FailedAttempts
    let access: any AccessVerifying

    func add(to routes: inout ServerRoutes) {
        routes.on(.createLogin) { request, context, _ in
            let body = try await request.decoded(LoginCreation.self)
            try context.granted().require(session: nil)
            let scope = AccessScope(rawValue: (body.scope ?? .admin).rawValue) ?? .read
            let code = try await desk.engine.createLoginCode(scopes: [scope])
            return try JSONAnswer.response(
                .created, LoginLinkBody(path: "/login?code=" + code.credential.reveal(), expiresAt: code.expiresAt.milliseconds))
        }
        routes.on(.logout) { _, context, _ in
            try await desk.engine.revokeAccessToken(AccessTokenID(validating: context.granted().holder))
            return Response(status: .noContent, headers: [.setCookie: Self.cookie("", life: 0, secure: desk.options.tls != nil)])
        }
        // A link is opened by hand, from wherever it was printed: it is not part of the API, and answers with the page.
        routes.add(.get, "/login", scope: nil) { request, context in try await login(request, context) }
    }

    private func login(_ request: Request, _ context: ServerContext) async throws -> Response {
        let code = request.uri.queryParameters["code"].map(String.init) ?? ""
        do {
            let issued = try await desk.engine.redeemLoginCode(code)
            let life = issued.token.expiresAt.map { max(0, ($0.milliseconds - issued.token.createdAt.milliseconds) / 1000) } ?? 43_200
            return Response(
                status: .seeOther,
                headers: [
                    .location: "/", .setCookie: Self.cookie(issued.credential.reveal(), life: life, secure: desk.options.tls != nil),
                ])
        } catch let error as SandboxError where error.code == .denied {
            guard let wait = attempts.note(context.peer ?? "") else {
                guard request.headers[.accept]?.contains("text/html") == true else { throw error }
                // A person gets the page, which says so: signed in if the browser is, else with other ways in.
                await access.noteDenial(error.message, ["peer": context.peer ?? "", "route": "/login"])
                return Response(status: .seeOther, headers: [.location: "/#/sessions?link=used"])
            }
            throw StatusError(
                status: .tooManyRequests,
                failure: SandboxError(.limitExceeded, "too many login codes that are not valid", remedy: "wait \(wait) s"),
                headers: [.retryAfter: "\(wait)"])
        }
    }

    private static func cookie(_ value: String, life: Int64, secure: Bool) -> String {
        "\(PresentedToken.cookie)=\(value); Path=/; Max-Age=\(life); HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "")
    }
}

import HTTPTypes
import Hummingbird
import SandboxCore

/// Finds out who asks. A request without a token goes on without a grant: the route decides whether that is enough.
struct AccessCheck: RouterMiddleware {
    let access: any AccessVerifying
    let attempts: FailedAttempts
    /// Refusals that the feed has been told of: nobody fills the disk by being refused.
    let told = FailedAttempts(limit: 60)
    let contributors: [any RouteContributor]

    func handle(_ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response) async throws
        -> Response
    {
        let path = request.uri.path
        if contributors.contains(where: { $0.owns(path) }) { return try await next(request, context) }
        var context = context
        if let token = PresentedToken(authorization: request.headers[.authorization], cookies: request.headers[values: .cookie]) {
            if token.isCookie { try Self.refuseForgery(request) }
            do {
                context.grant = try await access.grant(for: token.text)
                context.presented = token.text
            } catch let error as SandboxError where error.code == .denied {
                // What needs no token is open to a browser whose cookie is too old.
                if !token.isCookie { try await refused(error, context) }
            }
        }
        do {
            return try await next(request, context)
        } catch let error as SandboxError where error.code == .denied {
            let facts = ["peer": context.peer ?? "", "route": context.endpointPath ?? "", "token": context.grant?.holder ?? ""]
            if told.note(context.grant?.holder ?? context.peer ?? "") == nil { await access.noteDenial(error.message, facts) }
            guard context.grant == nil else { throw error }
            throw StatusError(status: .unauthorized, failure: error, headers: [.wwwAuthenticate: "Bearer realm=\"sandlot\""])
        }
    }

    /// A browser sends its cookie with whatever request a page makes it send. One that changes something must come from our own page, and
    /// the browser says where it comes from in fields that no page can set.
    private static func refuseForgery(_ request: Request) throws {
        guard ![.get, .head].contains(request.method) else { return }
        guard request.headers[.origin] != nil || request.headers[.secFetchSite] == "same-origin" else {
            throw SandboxError(
                .denied, "a request with a cookie does not say which page it is from", remedy: "send 'Authorization: Bearer TOKEN' instead")
        }
    }

    /// Guesses are slowed down; who holds a valid token is never locked out by somebody else's guesses.
    private func refused(_ error: SandboxError, _ context: ServerContext) async throws -> Never {
        guard let wait = attempts.note(context.peer ?? "") else {
            await access.noteDenial(error.message, ["peer": context.peer ?? ""])
            throw StatusError(
                status: .unauthorized, failure: error, headers: [.wwwAuthenticate: "Bearer realm=\"sandlot\", error=\"invalid_token\""])
        }
        throw StatusError(
            status: .tooManyRequests,
            failure: SandboxError(.limitExceeded, "too many requests with a token that is not valid", remedy: "wait \(wait) s"),
            headers: [.retryAfter: "\(wait)"])
    }
}

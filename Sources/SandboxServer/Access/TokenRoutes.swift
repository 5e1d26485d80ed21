import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/tokens`.
struct TokenRoutes: Sendable {
    let engine: Engine

    func add(to routes: inout ServerRoutes) {
        routes.on(.listTokens) { _, context, _ in
            try context.granted().require(session: nil)
            return try JSONAnswer.response(.ok, TokenListBody(tokens: try await engine.accessTokens().map(TokenBody.init)))
        }
        routes.on(.createToken) { request, context, _ in
            try context.granted().require(session: nil)
            let body = try await request.decoded(TokenCreation.self)
            let session = if let name = body.session { try await engine.sessionID(name) } else { SessionID?.none }
            let issued = try await engine.createAccessToken(body.request(session: session))
            return try JSONAnswer.response(
                .created, IssuedTokenBody(token: TokenBody(issued.token), credential: issued.credential.reveal()))
        }
        routes.on(.revokeToken) { _, context, _ in
            try context.granted().require(session: nil)
            try await engine.revokeAccessToken(AccessTokenID(validating: context.parameters.get("token") ?? ""))
            return Response(status: .noContent)
        }
    }
}

import Hummingbird
public import SandboxAPI
import SandboxCore

/// Seals and lists the secrets of the machine that the server runs on. Nothing here gives a value away.
public protocol SecretKeeping: Sendable {
    func secrets() async throws -> SecretListBody
    /// Throws `invalidArgument` for a name or a value that cannot be one.
    func set(_ name: String, to value: String) async throws
    /// Throws `notFound`.
    func remove(_ name: String) async throws
}

/// `/v1/secrets`.
struct SecretRoutes: Sendable {
    let keeper: (any SecretKeeping)?

    func add(to routes: inout ServerRoutes) {
        routes.on(.listSecrets) { _, context, _ in
            try context.granted().require(session: nil)
            return try JSONAnswer.response(.ok, try await known().secrets())
        }
        routes.on(.setSecret) { request, context, _ in
            try context.granted().require(session: nil)
            let body = try await request.decoded(SecretValue.self)
            try await known().set(context.parameters.get("secret") ?? "", to: body.value)
            return Response(status: .noContent)
        }
        routes.on(.removeSecret) { _, context, _ in
            try context.granted().require(session: nil)
            try await known().remove(context.parameters.get("secret") ?? "")
            return Response(status: .noContent)
        }
    }

    private func known() throws -> any SecretKeeping {
        guard let keeper else {
            throw SandboxError(.unsupported, "this server was started without secrets", remedy: "start it with `sandlot serve`")
        }
        return keeper
    }
}

import Foundation
import SandboxCore

/// Who calls, and for which team and project.
struct VercelCredentials: Sendable {
    let token: String
    let team: String
    let project: String

    private struct Claims: Decodable {
        var owner: String?
        var project: String?

        private enum CodingKeys: String, CodingKey {
            case owner = "owner_id"
            case project = "project_id"
        }
    }

    /// The project's own token comes before an access token. What it claims is only used to say what it is for: the service checks it.
    init(settings: VercelSettings, secret: @Sendable (String) async throws -> String?) async throws {
        let project = try await secret("oidc_token").flatMap { $0.isEmpty ? nil : $0 }
        let personal = try await secret("token").flatMap { $0.isEmpty ? nil : $0 }
        guard let token = project ?? personal else {
            throw SandboxError(
                .denied, "there is no token of Vercel",
                remedy: "set backends.vercel.token (`sandlot secret set`, then secret:NAME), VERCEL_OIDC_TOKEN or VERCEL_TOKEN",
                backend: VercelBackend.id)
        }
        let claims = project.flatMap(Self.claims)
        guard let team = settings.team ?? claims?.owner, let project = settings.project ?? claims?.project else {
            throw SandboxError(
                .invalidArgument, "neither the settings nor the token say which team and project pay",
                remedy: "set backends.vercel.team and backends.vercel.project", backend: VercelBackend.id)
        }
        self.token = token
        self.team = team
        self.project = project
    }

    private static func claims(_ token: String) -> Claims? {
        let parts = token.split(separator: ".")
        guard parts.count == 3 else { return nil }
        var text = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        while text.count % 4 != 0 { text += "=" }
        return Data(base64Encoded: String(text)).flatMap { try? JSONDecoder().decode(Claims.self, from: $0) }
    }
}

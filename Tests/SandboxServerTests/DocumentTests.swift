import HTTPTypes
import Logging
import Foundation
import SandboxAPI
import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxServer

@Suite("The OpenAPI document", .timeLimit(.minutes(10)))
struct DocumentTests {
    @Test("every route of the table is registered, and none beside it")
    func routes() async throws {
        try await ServerFixture.run { server in
            let registered = SandlotServer(
                engine: server.engine, options: ServerOptions(), access: KnownTokens(), logger: .init(label: "test")
            ).router(ServerMetrics()).registered
            #expect(Set(registered.map(\.id)) == Set(APIRoute.all.map(\.id)))
            #expect(Set(APIRoute.all.map { $0.method + $0.path }).count == APIRoute.all.count)
            let document = try await server.call(.get, "/v1/openapi.json", token: nil)
            let tree = try #require(try JSONSerialization.jsonObject(with: Data(document.bytes)) as? [String: Any])
            let paths = try #require(tree["paths"] as? [String: [String: Any]])
            for route in APIRoute.all { #expect(paths[route.path]?[route.method.lowercased()] != nil, "\(route.id)") }
            let schemas = try #require((tree["components"] as? [String: Any])?["schemas"] as? [String: Any])
            for match in document.text.matches(of: /#\/components\/schemas\/([A-Za-z]+)/) {
                #expect(schemas[String(match.1)] != nil, "\(match.1)")
            }
        }
    }

    @Test("requests know the fields that their schemas name")
    func fields() async throws {
        let tree = try #require(
            try JSONSerialization.jsonObject(with: Data(try OpenAPIDocument.bytes(version: "1"))) as? [String: Any])
        let schemas = try #require((tree["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]])
        let requests: [(String, [String])] = [
            ("SessionCreation", SessionCreation.fields), ("SessionChange", SessionChange.fields),
            ("SessionExtension", SessionExtension.fields), ("ExecCreation", ExecCreation.fields), ("Signal", SignalBody.fields),
            ("Resize", ResizeBody.fields), ("DirectoryCreation", DirectoryCreation.fields), ("FileMove", FileMove.fields),
            ("LinkCreation", LinkCreation.fields), ("ModeChange", ModeChange.fields), ("Glob", GlobBody.fields),
            ("Grep", GrepBody.fields), ("FileEdit", FileEditBody.fields), ("SettingsChange", SettingsChange.fields),
            ("LoginCreation", LoginCreation.fields), ("TokenCreation", TokenCreation.fields), ("SecretValue", SecretValue.fields),
            ("ImageBuildCreation", ImageBuildCreation.fields), ("ImagePrune", ImagePruneWish.fields),
            ("PackageCheck", PackageCheck.fields), ("ImageDefaultChange", ImageDefaultChange.fields),
        ]
        for (name, fields) in requests {
            let properties = try #require(schemas[name]?["properties"] as? [String: Any])
            #expect(Set(properties.keys) == Set(fields), "\(name)")
            #expect(schemas[name]?["additionalProperties"] as? Bool == false, "\(name)")
        }
    }
}

import Foundation
import HTTPTypes
import Logging
import SandboxAPI
import SandboxCore
import Testing

@testable import SandboxServer

@Suite("The page", .timeLimit(.minutes(1)))
struct PageTests {
    private static func built(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sandlot-page-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "assets"), withIntermediateDirectories: true)
        try Data("<!doctype html>page".utf8).write(to: folder.appending(path: "index.html"))
        try Data("run()".utf8).write(to: folder.appending(path: "assets/main-1.js"))
        try await body(folder)
    }

    @Test("the page may run only its own scripts, and its files are kept for ever")
    func served() async throws {
        try await Self.built { folder in
            let files = try PageFiles(folder: folder)
            try await ServerFixture.run(contributors: [PageRoutes(files: files)]) { server in
                let page = try await server.call(.get, "/", token: nil)
                #expect(page.status == 200 && page.text == "<!doctype html>page")
                let policy = page.headers[.contentSecurityPolicy] ?? ""
                #expect(policy.contains("script-src 'self';") && !policy.contains("unsafe"))
                #expect(page.headers[.cacheControl] == "no-cache")
                let script = try await server.call(.get, "/assets/main-1.js", token: nil)
                #expect(script.text == "run()" && script.headers[.contentType] == "text/javascript; charset=utf-8")
                #expect(script.headers[.cacheControl]?.contains("immutable") == true)
                for path in ["/assets/other.js", "/assets/..%2Findex.html", "/assets/%2Fetc%2Fpasswd"] {
                    #expect(try await server.call(.get, path, token: nil).status == 404, "\(path)")
                }
            }
        }
    }

    @Test("a server without the built page says how to build it")
    func unbuilt() async throws {
        try await ServerFixture.run(contributors: [PageRoutes(files: nil)]) { server in
            let page = try await server.call(.get, "/", token: nil)
            #expect(page.status == 200 && page.text.contains("Scripts/web"))
        }
    }

    @Test("a link from elsewhere leads to the page, and to nothing else")
    func links() async throws {
        try await ServerFixture.run(contributors: [PageRoutes(files: nil)]) { server in
            let site = try #require(HTTPField.Name("Sec-Fetch-Site"))
            let mode = try #require(HTTPField.Name("Sec-Fetch-Mode"))
            let followed: HTTPFields = [site: "cross-site", mode: "navigate"]
            #expect(try await server.call(.get, "/", token: nil, headers: followed).status == 200)
            #expect(try await server.call(.get, "/", token: nil, headers: [site: "cross-site", mode: "cors"]).status == 403)
            #expect(try await server.call(.get, "/v1/sessions", headers: followed).status == 403)
        }
    }

    @Test("a folder that is no page is refused with a remedy")
    func wrongFolder() async throws {
        #expect(throws: SandboxError.self) { try PageFiles.locate(variable: "/proc/self") }
    }
}

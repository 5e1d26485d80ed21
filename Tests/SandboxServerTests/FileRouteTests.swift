import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import SystemPackage
import Testing

@testable import SandboxServer

@Suite("Files over HTTP", .timeLimit(.minutes(10)))
struct FileRouteTests {
    @Test("bytes go in and out unharmed, whole and in ranges")
    func content() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/files"
            let bytes = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            #expect(try await server.call(.put, "\(base)/content?path=a/b%20c&parents=true&mode=384", body: bytes).status == 204)
            #expect(try await server.call(.get, "\(base)/content?path=a/b%20c").bytes == bytes)
            let part = try await server.call(.get, "\(base)/content?path=a/b%20c", headers: [.range: "bytes=10-19"])
            #expect(part.status == 206 && part.bytes == Array(bytes[10..<20]))
            #expect(part.headers[.contentRange] == "bytes 10-19/700001")
            #expect(try await server.call(.get, "\(base)/content?path=a/b%20c", headers: [.range: "bytes=-5"]).bytes == bytes.suffix(5))
            #expect(try await server.call(.get, "\(base)/content?path=a/b%20c", headers: [.range: "bytes=800000-"]).status == 416)
            let entry: FileEntryBody = try await server.call(.get, "\(base)/stat?path=a/b%20c").decoded()
            #expect(entry.size == 700_001 && entry.mode == 0o600)
        }
    }

    @Test("refusals are typed and round-trip")
    func refusals() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/files"
            let missing = try await server.call(.get, "\(base)/content?path=missing")
            #expect(missing.status == 404)
            let refusal = try #require(missing.failure?.asError as? FileRefusal)
            #expect(refusal.reason == .notFound && refusal.path.string.hasSuffix("missing"))
            _ = try await server.call(.post, "\(base)/directory", json: #"{"path": "d/e", "parents": true}"#)
            #expect(try await server.call(.delete, "\(base)?path=d").failure?.file?.reason == .notEmpty)
            #expect(try await server.call(.get, "\(base)/content?path=d").failure?.file?.reason == .isDirectory)
            #expect(try await server.call(.get, "\(base)/content").status == 400)
        }
    }

    @Test("exact text is replaced as often as was said, or not at all")
    func edits() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/files"
            _ = try await server.call(.put, "\(base)/content?path=f", body: Array("one two two three".utf8))
            let refused = try await server.call(
                .post, "\(base)/edit", json: #"{"path": "f", "edits": [{"old": "one", "new": "1"}, {"old": "two", "new": "2"}]}"#)
            #expect(refused.status == 409 && refused.failure?.message.contains("2 times") == true)
            #expect(try await server.call(.get, "\(base)/content?path=f").text == "one two two three")
            let done: FileEditResultBody = try await server.call(
                .post, "\(base)/edit", json: #"{"path": "f", "edits": [{"old": "two", "new": "2", "count": 2}]}"#
            ).decoded()
            #expect(done.replaced == 2)
            #expect(try await server.call(.get, "\(base)/content?path=f").text == "one 2 2 three")
        }
    }

    @Test("a tree goes out as tar and comes in again, and what leads out of it is refused by name")
    func trees() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/files"
            let name = String(repeating: "n", count: 150) + "/ü"
            for path in ["t/\(name)", "t/empty"] {
                _ = try await server.call(
                    .put, "\(base)/content?parents=true&path=\(path.replacing("ü", with: "%C3%BC"))",
                    body: path == "t/empty" ? [] : [1, 2, 3])
            }
            let tar = try await server.call(.get, "\(base)/tree?path=t")
            #expect(tar.status == 200 && tar.bytes.count % 512 == 0)
            _ = try await server.call(.post, "\(base)/directory", json: #"{"path": "copy"}"#)
            let result: ImportResultBody = try await server.call(.put, "\(base)/tree?path=copy", body: tar.bytes).decoded()
            #expect(result.refused.isEmpty)
            #expect(try await server.call(.get, "\(base)/content?path=copy/\(name.replacing("ü", with: "%C3%BC"))").bytes == [1, 2, 3])
            #expect(try await server.call(.put, "\(base)/tree?path=copy", body: Array(tar.bytes.dropLast(1024))).status == 400)
            var writer = TarWriter()
            let hostile =
                try writer.bytes(of: .entry(FileEntry(path: "../out", kind: .regular, mode: 0o644, size: 1, modified: 0)))
                + writer.bytes(of: .content([1])) + writer.end()
            let refused: ImportResultBody = try await server.call(.put, "\(base)/tree?path=copy", body: hostile).decoded()
            #expect(refused.refused.map(\.path.path) == ["../out"])
        }
    }

    @Test("a manifest ends with a line that says so")
    func manifest() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/files"
            _ = try await server.call(.put, "\(base)/content?path=t/f&parents=true", body: Array("x".utf8))
            let lines = try await server.call(.get, "\(base)/manifest?path=t&digests=true").bytes.split(separator: 0x0A)
            let last = try APICoding.decode(ManifestLine.self, from: Array(try #require(lines.last)))
            #expect(last.end == true && lines.count == 2)
        }
    }
}

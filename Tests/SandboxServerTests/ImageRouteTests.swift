import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxTesting
import Testing

@testable import SandboxServer

@Suite("Images over HTTP", .timeLimit(.minutes(10)))
struct ImageRouteTests {
    private let docks = BackendID(unchecked: "docks")

    private func events(_ answer: ServerFixture.Answer) throws -> [ImageBuildEvent] {
        try answer.bytes.split(separator: 0x0A).map { try APICoding.decode(ImageBuildEvent.self, from: Array($0)) }
    }

    @Test("an image is built with its log as a stream, listed, shown, chosen as the default and removed")
    func life() async throws {
        try await ServerFixture.run(backends: [InMemoryImageBackend(id: docks)]) { server in
            let streamed = try await server.call(
                .post, "/v1/images/builds", json: #"{"packages": ["jq", "core"], "name": "mine", "mode": "stream"}"#)
            let told = try events(streamed)
            guard case .log(1, _)? = told.first, case .ended(let build)? = told.last else {
                Issue.record("\(streamed.text)")
                return
            }
            let reference = try #require(build.reference)
            #expect(build.state == .finished && build.built == true && build.name == "mine" && build.plan?.packages.contains("jq") == true)
            let again: ImageBuildBody = try await server.call(
                .post, "/v1/images/builds", json: #"{"image": "@mine", "mode": "wait"}"#
            ).decoded()
            #expect(again.reference == reference && again.built == false)
            let list: ImageListBody = try await server.call(.get, "/v1/images?usage=true").decoded()
            #expect(list.images.map(\.reference) == [reference] && list.saved.map(\.name) == ["mine"] && list.problems == [])
            #expect(list.sets.contains { $0.name == "core" } && list.stores?.first?.usage.ours == 1)
            let shown: ImageDetailsBody = try await server.call(.get, "/v1/images/show?image=@mine").decoded()
            #expect(shown.reference == reference && shown.image?.ours == true && shown.plan?.reference == reference)
            let log = try await server.call(.get, "/v1/images/log?image=\(reference)&backend=docks")
            #expect(log.status == 200 && !log.text.isEmpty)
            let chosen: ImageDefaultsBody = try await server.call(.put, "/v1/images/default", json: #"{"image": "@mine"}"#).decoded()
            #expect(chosen.defaults.first?.image == "@mine")
            #expect(try await server.call(.delete, "/v1/images?image=@mine").status == 409)
            _ = try await server.call(.put, "/v1/images/default", json: "{}")
            #expect(try await server.call(.delete, "/v1/images?image=@mine").status == 200)
            let would: ImagePruningBody = try await server.call(
                .post, "/v1/images/prune", json: #"{"unusedForMs": 0, "dryRun": true}"#
            ).decoded()
            #expect(would.removed.map(\.reference) == [reference] && would.dryRun)
            let gone: ImageRemovalBody = try await server.call(.delete, "/v1/images?image=\(reference)").decoded()
            #expect(gone.removedFrom == [docks])
            #expect(try await server.call(.delete, "/v1/images?image=\(reference)").status == 404)
        }
    }

    @Test("a build goes on without its reader, is taken up behind a line, and ends when it is cancelled")
    func cancelling() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.holdBuild()
        try await ServerFixture.run(backends: [backend]) { server in
            let begun = try await server.call(.post, "/v1/images/builds", json: #"{"packages": ["jq"]}"#)
            let build: ImageBuildBody = try begun.decoded()
            #expect(begun.status == 201 && begun.headers[.location] == "/v1/images/builds/\(build.id)" && build.state == .running)
            try await backend.buildIsHeld()
            #expect(try await server.call(.post, "/v1/images/builds/\(build.id)/cancel").status == 204)
            let rest = try events(await server.call(.get, "/v1/images/builds/\(build.id)/events", headers: [.lastEventID: "1"]))
            guard case .ended(let over)? = rest.first, rest.count == 1 else {
                Issue.record("\(rest)")
                return
            }
            #expect(over.state == .cancelled && over.failure?.code == "cancelled")
            let known: ImageBuildListBody = try await server.call(.get, "/v1/images/builds").decoded()
            #expect(known.builds.map(\.id) == [build.id])
            let sse = try await server.call(.get, "/v1/images/builds/\(build.id)/events", headers: [.accept: "text/event-stream"])
            #expect(sse.text.hasPrefix("event: log\nid: 1\ndata: {"), "\(sse.text)")
        }
    }

    @Test("a build that fails says why, to who waits and to who asks later")
    func failing() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.failBuild(SandboxError(.invalidArgument, "step 2 failed"))
        try await ServerFixture.run(backends: [backend]) { server in
            let answer = try await server.call(.post, "/v1/images/builds", json: #"{"packages": ["jq"], "mode": "wait"}"#)
            #expect(answer.status == 400 && answer.failure?.message == "step 2 failed")
            let known: ImageBuildListBody = try await server.call(.get, "/v1/images/builds").decoded()
            #expect(known.builds.first?.state == .failed && known.builds.first?.failure?.code == "invalid_argument")
        }
    }

    @Test("scopes hold: reading looks, commands build packages, and only admin removes, chooses and builds Dockerfiles")
    func scopes() async throws {
        var tokens = KnownTokens()
        tokens.grants["bound"] = AccessGrant(holder: "tok-bound", scope: .exec, session: .random())
        try await ServerFixture.run(tokens: tokens, backends: [InMemoryImageBackend(id: docks)]) { server in
            let build = #"{"packages": ["jq"], "mode": "wait"}"#
            let refused = try await server.call(.post, "/v1/images/builds", token: "read", json: build)
            #expect(refused.status == 403)
            #expect(try await server.call(.post, "/v1/images/builds", token: "exec", json: build).status == 200)
            #expect(try await server.call(.get, "/v1/images", token: "read").status == 200)
            #expect(try await server.call(.get, "/v1/images/show?image=@core", token: "read").status == 403)
            let dockerfile = #"{"dockerfile": "FROM memory-base", "mode": "wait"}"#
            #expect(try await server.call(.post, "/v1/images/builds", token: "exec", json: dockerfile).status == 403)
            for (method, path) in [(HTTPRequest.Method.post, "/v1/images/prune"), (.put, "/v1/images/default")] {
                #expect(try await server.call(method, path, token: "exec", json: "{}").status == 403)
            }
            #expect(try await server.call(.delete, "/v1/images?image=x", token: "exec").status == 403)
            for path in ["/v1/images", "/v1/images/builds", "/v1/images/builds/bld-x", "/v1/images/show?image=x"] {
                #expect(try await server.call(.get, path, token: "bound").status == 403, "\(path)")
            }
        }
    }

    @Test("wishes that make no sense are refused, and nothing is built")
    func refusals() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await ServerFixture.run(backends: [backend]) { server in
            for (json, status) in [
                ("{}", 400), (#"{"packages": []}"#, 400), (#"{"packages": ["jq"], "image": "@core"}"#, 400),
                (#"{"image": "debian:12"}"#, 400), (#"{"image": "@nowhere"}"#, 404), (#"{"packages": ["jq"], "arguments": {}}"#, 400),
                (#"{"packages": ["jq"], "name": "core"}"#, 400), (#"{"packages": ["jq"], "name": "Not A Name"}"#, 400),
                (#"{"packages": ["jq"], "surprise": 1}"#, 400),
            ] {
                let answer = try await server.call(.post, "/v1/images/builds", json: json)
                #expect(answer.status == status, "\(json): \(answer.text)")
            }
            #expect(try await server.call(.get, "/v1/images/builds/bld-nothing").status == 404)
            #expect(try await server.call(.post, "/v1/images/builds/bld-nothing/cancel").status == 404)
            #expect(backend.builds.isEmpty)
        }
    }
}

import SandboxAPI
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxTesting
import Testing

@Suite("Images by the client", .timeLimit(.minutes(10)))
struct ImageClientTests {
    private let docks = BackendID(unchecked: "docks")

    @Test func `an image is built, followed, listed, chosen and removed`() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.holdBuild()
        try await ServerFixture.run(backends: [backend]) { _, client in
            let build = try await client.build(ImageBuildCreation(packages: ["jq"]))
            try await backend.buildIsHeld()
            var events = client.buildEvents(build.id).makeAsyncIterator()
            guard case .log(1, _)? = try await events.next() else {
                Issue.record("no log")
                return
            }
            backend.releaseBuild()
            var ended: ImageBuildBody?
            while let event = try await events.next() {
                if case .log(let number, _) = event { #expect(number > 1) }
                if case .ended(let over) = event { ended = over }
            }
            #expect(ended?.state == .finished)
            let reference = try #require(ended?.reference)
            #expect(try await client.images().images.map(\.reference) == [reference])
            #expect(try await client.image(reference).image?.backend == docks)
            var log: [UInt8] = []
            for try await piece in try await client.imageLog(reference, on: docks) { log += piece }
            #expect(!log.isEmpty)
            #expect(try await client.checkPackages(PackageCheck(packages: ["jq"])).entries.map(\.name) == ["jq"])
            #expect(try await client.setDefaultImage(reference).map(\.image) == [reference])
            #expect(try await client.removeImage(reference) == [docks])
            #expect(await code { _ = try await client.image(reference) } == .notFound)
        }
    }
}

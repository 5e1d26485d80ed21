import Foundation
import Logging
import SandboxCore
import SandboxTesting
import SystemPackage
import Testing

@testable import SandboxEngine

private let docks = BackendID(unchecked: "docks")
private let ports = BackendID(unchecked: "ports")

/// Backends with image stores beneath one engine.
private func withEngine(
    _ backends: [any SandboxBackend], _ images: ImageConfiguration = ImageConfiguration(), data: FilePath? = nil,
    _ body: (Engine) async throws -> Void
) async throws {
    let directory = data ?? FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-images-\(UUID().uuidString)").path)
    defer { if data == nil { try? FileManager.default.removeItem(atPath: directory.string) } }
    let engine = try Engine(
        configuration: EngineConfiguration(dataDirectory: directory, images: images), backends: backends, logger: Logger(label: "test"))
    do {
        try await body(engine)
    } catch {
        await engine.shutdown()
        throw error
    }
    await engine.shutdown()
}

private func kinds(_ engine: Engine) async throws -> [EngineEvent.Kind] {
    try await engine.allEvents().map(\.kind).filter { $0 != .imageBuildLog }
}

@Suite("Images", .timeLimit(.minutes(10)))
struct ImageTests {
    @Test("an image is built once, and found the second time")
    func secondIsFound() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await withEngine([backend]) { engine in
            let spec = ImageSpec(.packages(["jq", "git"]))
            let first = try await engine.images.build(spec)
            let second = try await engine.images.build(ImageSpec(.packages(["git", "jq"])))
            #expect(first.wasBuilt)
            #expect(!second.wasBuilt)
            #expect(first.image.reference == second.image.reference)
            #expect(backend.builds.count == 1)
            #expect(try await kinds(engine) == [.imageBuildStarted, .imageBuildFinished])
        }
    }

    @Test("twenty callers share one build and each hears its log")
    func singleFlight() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.holdBuild()
        try await withEngine([backend]) { engine in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await engine.images.build(ImageSpec(.packages(["jq"])), log: { _ in }).image.reference }
                }
                try await backend.buildIsHeld()
                backend.releaseBuild()
                var names: Set<String> = []
                for try await name in group { names.insert(name) }
                #expect(names.count == 1)
            }
            #expect(backend.builds.count == 1)
        }
    }

    @Test("two engines on one data directory build an image once")
    func twoEngines() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.holdBuild()
        let data = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-images-\(UUID().uuidString)").path)
        defer { try? FileManager.default.removeItem(atPath: data.string) }
        try await withEngine([backend], data: data) { first in
            try await withEngine([backend], data: data) { second in
                async let one = first.images.build(ImageSpec(.packages(["jq"])))
                try await backend.buildIsHeld()
                async let two = second.images.build(ImageSpec(.packages(["jq"])))
                backend.releaseBuild()
                #expect(try await one.image.reference == two.image.reference)
                #expect(backend.builds.count == 1)
            }
        }
    }

    @Test("a caller that goes leaves the build to the others; when the last has gone it is cancelled and nothing has the name")
    func cancellation() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.holdBuild()
        try await withEngine([backend]) { engine in
            let spec = ImageSpec(.packages(["jq"]))
            let first = Task { try await engine.images.build(spec) }
            try await backend.buildIsHeld()
            let second = Task { try await engine.images.build(spec) }
            // The second has joined when the first's going does not end the build.
            while engine.imageBuilds.waiting < 2 { try await Task.sleep(for: .milliseconds(1)) }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            try await backend.buildIsHeld()
            second.cancel()
            await #expect(throws: CancellationError.self) { try await second.value }
            try await backend.buildIsOver()
            #expect(try await backend.builtImages().isEmpty)
            backend.releaseBuild()
            #expect(try await engine.images.build(spec).wasBuilt)
            let all = try await kinds(engine)
            #expect(all == [.imageBuildStarted, .imageBuildFailed, .imageBuildStarted, .imageBuildFinished])
        }
    }

    @Test("a failed build names nothing, is told with its reason, and can be tried again")
    func failure() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.failBuild(SandboxError(.invalidArgument, "step 2 failed"))
        try await withEngine([backend]) { engine in
            #expect(await code { _ = try await engine.images.build(ImageSpec(.packages(["jq"]))) } == .invalidArgument)
            #expect(try await engine.images.list().isEmpty)
            let event = try #require(try await engine.allEvents().first { $0.kind == .imageBuildFailed })
            #expect(event.payload["reason"]?.contains("step 2 failed") == true)
            #expect(try await engine.images.build(ImageSpec(.packages(["jq"]))).wasBuilt)
        }
    }

    @Test("the log is told by events and kept in a file")
    func log() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await withEngine([backend]) { engine in
            let result = try await engine.images.build(ImageSpec(.packages(["jq"])))
            let lines = try await engine.allEvents().filter { $0.kind == .imageBuildLog }.compactMap { $0.payload["lines"] }
            #expect(lines.joined(separator: "\n").contains("built \(result.image.reference)"))
            let file = engine.images.logFile(of: result.image.reference, on: docks)
            let text = try String(contentsOfFile: file.string, encoding: .utf8)
            #expect(text == "building \(result.image.reference)\nbuilt \(result.image.reference)\n")
        }
    }

    @Test("a base with another digest is another image")
    func changedBase() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await withEngine([backend]) { engine in
            let first = try await engine.images.build(ImageSpec(.packages(["jq"])))
            backend.setBase(InMemoryImageBackend.defaultBase, digest: "digest-2")
            let second = try await engine.images.build(ImageSpec(.packages(["jq"])))
            #expect(second.wasBuilt)
            #expect(first.image.reference != second.image.reference)
        }
    }

    @Test("without a backend's name the first that works builds; when none does, each says why")
    func fallback() async throws {
        let first = InMemoryImageBackend(id: docks)
        let second = InMemoryImageBackend(id: ports)
        first.sandboxes.setAvailability(.unavailable(reason: "its daemon is down", remedy: "start it"))
        try await withEngine([first, second]) { engine in
            let image = try await engine.images.build(ImageSpec(.packages(["jq"]))).image
            #expect(image.backend == ports)
            let down = await #expect(throws: SandboxError.self) { try await engine.images.build(ImageSpec(.base), on: docks) }
            #expect(down?.code == .unavailable && down?.remedy?.contains("start it, or choose another backend (ports)") == true)
        }
        second.sandboxes.setAvailability(.unavailable(reason: "so is this", remedy: "start it"))
        try await withEngine([first, second, InMemoryBackend()]) { engine in
            let error = await #expect(throws: SandboxError.self) { try await engine.images.build(ImageSpec(.base)) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("its daemon is down") == true)
            #expect(error?.message.contains("so is this") == true)
            #expect(
                await code { _ = try await engine.images.build(ImageSpec(.base), on: BackendID(unchecked: "in-memory")) } == .unsupported)
            #expect(await code { _ = try await engine.images.build(ImageSpec(.base), on: BackendID(unchecked: "nosuch")) } == .notFound)
        }
    }

    @Test("pruning takes what is old and unused, and leaves what is used, what is foreign and what is young")
    func pruning() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await withEngine([backend]) { engine in
            let images = engine.images
            let used = try await images.build(ImageSpec(.packages(["used"]))).image.reference
            let idle = try await images.build(ImageSpec(.packages(["idle"]))).image.reference
            let plan = try await backend.plan(ImageSpec(.packages(["foreign"])), refreshingBase: false)
            _ = try await backend.build(plan, owner: .random(), usingCache: true) { _ in }
            let session = try await engine.open(SessionRequest(image: .reference(used)))
            #expect(try await images.prune(unusedFor: .seconds(3600)).removed.isEmpty)
            let dry = try await images.prune(dryRun: true)
            #expect(dry.removed.map(\.image.reference) == [idle])
            #expect(dry.bytes == 100)
            #expect(try await images.list().count == 3)
            #expect(try await images.prune().removed.map(\.image.reference) == [idle])
            #expect(Set(try await images.list().map(\.image.reference)) == [used, plan.reference])
            #expect(await code { try await images.remove(used) } == .conflict)
            #expect(await code { try await images.remove("nosuch") } == .notFound)
            #expect(await code { try await images.remove(InMemoryImageBackend.defaultBase) } == .denied)
            try await engine.close(session.id, force: true)
            #expect(try await images.remove(used) == [docks])
        }
    }
}

@Suite("The image of a session", .timeLimit(.minutes(10)))
struct SessionImageTests {
    @Test("session, backend, all, built-in: the first that says anything, with its reason")
    func precedence() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.setBase("from-settings", digest: "d")
        try await withEngine([backend, InMemoryBackend()], ImageConfiguration(defaultImage: "global-of-settings")) { engine in
            let images = engine.images
            func origin() async throws -> ImageDecision.Origin { try await images.decide(on: docks).origin }
            #expect(try await images.decide(on: docks).image == "global-of-settings")
            #expect(try await origin() == .global)
            try await images.setDefault("@core")
            #expect(try await images.decide(on: docks).image == "@core")
            try await images.setDefault("from-settings", on: docks)
            #expect(try await origin() == .backend)
            #expect(try await images.decide(.reference("mine"), on: docks).origin == .session)
            // A backend without images has its own, whatever the default is.
            #expect(try await images.decide(on: BackendID(unchecked: "in-memory")).origin == .builtIn)
            try await images.setDefault(nil, on: docks)
            try await images.setDefault(nil)
            #expect(try await images.decide(on: docks).image == "global-of-settings")
        }
        try await withEngine([backend]) { engine in
            let decision = try await engine.images.decide(on: docks)
            #expect(decision.origin == .builtIn)
        }
    }

    @Test("a changed default counts for the next sandbox, also in an engine that runs already")
    func defaultAtOnce() async throws {
        let backend = InMemoryImageBackend(id: docks)
        let data = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-images-\(UUID().uuidString)").path)
        defer { try? FileManager.default.removeItem(atPath: data.string) }
        try await withEngine([backend], data: data) { server in
            _ = try await server.open(SessionRequest())
            try await withEngine([backend], data: data) { other in try await other.images.setDefault("@core", on: docks) }
            let session = try await server.open(SessionRequest())
            let reference = try #require(session.decision.image?.built)
            #expect(session.decision.image?.origin == .backend)
            #expect(backend.sandboxes.madeSandboxes.map(\.image) == [.backendDefault, .reference(reference)])
        }
    }

    @Test("a default that makes no sense is refused and changes nothing")
    func badDefault() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await withEngine([backend, InMemoryBackend()]) { engine in
            let images = engine.images
            #expect(await code { try await images.setDefault("@nosuch") } == .notFound)
            #expect(await code { try await images.setDefault("@core,no-such-package") } == .invalidArgument)
            #expect(await code { try await images.setDefault("@core", on: BackendID(unchecked: "in-memory")) } == .unsupported)
            #expect(await code { try await images.setDefault("x", on: BackendID(unchecked: "nosuch")) } == .notFound)
            let decision = try await images.decide(on: docks)
            #expect(decision.origin == .builtIn)
        }
    }

    @Test("a saved name is what sessions ask for; it cannot be a set's, nor go while it is a default")
    func savedNames() async throws {
        let backend = InMemoryImageBackend(id: docks)
        try await withEngine([backend], ImageConfiguration(extraPackages: ["extra"])) { engine in
            let images = engine.images
            try await images.save(ImageSpec(.packages(["jq"])), as: "mine")
            let session = try await engine.open(SessionRequest(image: .reference("@mine")))
            #expect(session.decision.image?.built != nil)
            #expect(backend.builds.map(\.packages) == [["jq"]])
            #expect(await code { try await images.save(ImageSpec(.base), as: "core") } == .invalidArgument)
            #expect(await code { try await images.save(ImageSpec(.base), as: "A b") } == .invalidArgument)
            try await images.setDefault("@mine")
            #expect(await code { try await images.forget("mine") } == .conflict)
            try await images.setDefault(nil)
            try await images.forget("mine")
            #expect(await code { _ = try await engine.open(SessionRequest(image: .reference("@mine"))) } == .notFound)
            _ = try await engine.open(SessionRequest(image: .reference("@core")))
            #expect(backend.builds.last?.packages.contains("extra") == true)
        }
    }

    @Test(
        "packages of a session are built over its image; without a builder root installs them, or the session says that it can do without")
    func packages() async throws {
        let builder = InMemoryImageBackend(id: docks)
        builder.setBase("debian", digest: "d")
        try await withEngine([builder]) { engine in
            _ = try await engine.open(SessionRequest(image: .reference("debian"), packages: ["jq"]))
            let plan = try #require(builder.builds.first)
            #expect(plan.base == "debian")
            #expect(plan.packages == ["jq"])
            #expect(await code { _ = try await engine.open(SessionRequest(packages: ["a b"])) } == .invalidArgument)
        }
        let plain = InMemoryBackend(capabilities: InMemoryBackend.trueCapabilities.union([.users]))
        try await withEngine([plain]) { engine in
            #expect(await code { _ = try await engine.open(SessionRequest(packages: ["jq"])) } == .unsupported)
            #expect(plain.sandboxIDs.isEmpty)
            let session = try await engine.open(SessionRequest(packages: ["jq"], provision: .bestEffort))
            #expect(session.state == .ready)
            let all = try await engine.allEvents(session.id).map(\.kind)
            #expect(all.contains(.provisioning) && all.contains(.provisionFailed))
        }
        try await withEngine([InMemoryBackend()]) { engine in
            #expect(await code { _ = try await engine.open(SessionRequest(packages: ["jq"])) } == .unsupported)
        }
    }

    @Test("a session whose image cannot be built fails with the reason, and the build is not tried twice")
    func failedBuild() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.failBuild(SandboxError(.invalidArgument, "no such package"))
        try await withEngine([backend]) { engine in
            #expect(await code { _ = try await engine.open(SessionRequest(image: .reference("@core"))) } == .invalidArgument)
            #expect(backend.builds.count == 1)
            #expect(backend.sandboxes.madeSandboxes.isEmpty)
        }
    }

    @Test("a session waits for the background build of its image")
    func prebuild() async throws {
        let backend = InMemoryImageBackend(id: docks)
        backend.holdBuild()
        try await withEngine([backend], ImageConfiguration(defaultImage: "@core")) { engine in
            let service = Task { try await engine.run() }
            try await backend.buildIsHeld()
            async let session = engine.open(SessionRequest())
            while engine.imageBuilds.waiting < 2 { try await Task.sleep(for: .milliseconds(1)) }
            backend.releaseBuild()
            #expect(try await session.decision.image?.origin == .global)
            #expect(backend.builds.count == 1)
            service.cancel()
            _ = await service.result
        }
    }

    @Test("an engine that is down is passed over by an automatic choice, and its image is built by the next")
    func failover() async throws {
        let first = InMemoryImageBackend(id: docks)
        let second = InMemoryImageBackend(id: ports)
        try await withEngine([first, second]) { engine in
            _ = await engine.backends()
            first.failBuild(SandboxError(.unavailable, "the daemon went"), SandboxError(.unavailable, "the daemon went"))
            let session = try await engine.open(SessionRequest(image: .reference("@core")))
            #expect(session.backend == ports)
            #expect(second.builds.count == 1)
            #expect(session.decision.reasons.contains { $0.backend == docks && $0.verdict == .failedOver })
        }
    }
}

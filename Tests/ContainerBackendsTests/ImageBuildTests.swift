// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import ContainerBackends
import Foundation
import Logging
import SandboxCore
import SandboxHTTP
import Synchronization
import SystemPackage
import Testing

/// A Debian image in the engines; `Scripts/import-debian` puts it there.
let debianImage = ProcessInfo.processInfo.environment["SANDLOT_TEST_DEBIAN_IMAGE"]

/// What an engine's list of images says of one.
private struct Named: Decodable {
    var RepoTags: [String]?
}

/// Lines of a build, and a way to wait for one.
private final class BuildLines: Sendable {
    private let lines = Mutex<[String]>([])
    private let (stream, feed) = AsyncStream.makeStream(of: String.self)

    var all: [String] { lines.withLock { $0 } }
    var text: String { all.joined(separator: "\n") }

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
        feed.yield(line)
    }

    func first(containing part: String) async {
        for await line in stream where line.contains(part) { return }
    }
}

/// A text that no other run has, so that every build is a real one.
private func fresh(_ steps: String) -> ImageSpec {
    ImageSpec(.dockerfile("FROM \(RealEngine.image)\nENV RUN_OF_TEST=\(OwnerLabel.random())\n\(steps)\n"))
}

extension Stage {
    /// Builds, hands the image to the body and removes it.
    func withImage<R>(
        _ spec: ImageSpec, owner: OwnerLabel = .random(), log: @escaping @Sendable (String) async throws -> Void = { _ in },
        _ body: (BuiltImage) async throws -> R
    ) async throws -> R {
        let plan = try await backend.plan(spec, refreshingBase: false)
        let image = try await backend.build(plan, owner: owner, usingCache: true, log: log)
        do {
            let result = try await body(image)
            try await backend.removeImage(image.reference)
            return result
        } catch {
            try? await backend.removeImage(image.reference)
            throw error
        }
    }

    /// Sends what is no JSON.
    func send(_ call: HTTPCall) async throws -> HTTPAnswer {
        let client = try HTTPAPIClient(.unixSocket(engine.socket), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await client.send(call, limit: 64 << 20)
    }
}

/// One after the other: what an engine holds is counted.
@Suite("Images on real engines", .serialized)
enum ImagesOnEngines {}

extension ImagesOnEngines {
    @Suite("Builds on a real engine", .serialized, .timeLimit(.minutes(10)), .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing))
    struct ImageBuildTests {
        @Test(
            "a Dockerfile becomes an image that a sandbox runs, without any network, and the log comes line by line",
            arguments: RealEngine.all)
        func dockerfile(_ engine: RealEngine) async throws {
            try await withStage(engine, settings: ["build_network": ["none"]]) { stage in
                let lines = BuildLines()
                let owner = OwnerLabel.random()
                try await stage.withImage(fresh("RUN echo made in a build && echo content >/made"), owner: owner, log: { lines.add($0) }) {
                    image in
                    #expect(lines.all.contains("made in a build"))
                    #expect(image.owner == owner)
                    #expect((image.size ?? 0) > 0)
                    let found = try await stage.backend.builtImage(image.reference)
                    #expect(found?.id == image.id)
                    let sandbox = try await stage.backend.create(stage.spec { $0.image = .reference(image.reference) }) { _ in }
                    #expect(try await sandbox.run(ExecRequest(.shell("cat /made"))).outputText == "content\n")
                    let listed = try #require(try await stage.backend.builtImages().first { $0.reference == image.reference })
                    #expect(listed.users == 1)
                    #expect(listed.owner == owner)
                    let error = await #expect(throws: SandboxError.self) { try await stage.backend.removeImage(image.reference) }
                    #expect(error?.code == .conflict)
                    try await sandbox.destroy()
                }
            }
        }

        @Test("a build that fails names nothing, leaves no draft, and tells the step and what it wrote last", arguments: RealEngine.all)
        func failure(_ engine: RealEngine) async throws {
            try await withStage(engine, settings: ["build_network": ["none"]]) { stage in
                let plan = try await stage.backend.plan(fresh("RUN echo about to fail; exit 3"), refreshingBase: false)
                let error = await #expect(throws: SandboxError.self) {
                    try await stage.backend.build(plan, owner: .random(), usingCache: true) { _ in }
                }
                #expect(error?.code == .invalidArgument)
                #expect(error?.message.contains("3") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("about to fail") == true, "\(error?.message ?? "")")
                #expect(try await stage.backend.builtImage(plan.reference) == nil)
                // Drafts of steps keep their labels; what counts is that nothing has the name.
                let images = try JSONDecoder().decode([Named].self, from: Data(try await stage.engineCall(.get, "/images/json").body))
                #expect(!images.flatMap { $0.RepoTags ?? [] }.contains(plan.reference))
            }
        }

        @Test("a build that is cancelled ends at the engine too", arguments: RealEngine.all)
        func cancellation(_ engine: RealEngine) async throws {
            try await withStage(engine, settings: ["build_network": ["none"]]) { stage in
                let plan = try await stage.backend.plan(fresh("RUN echo now sleeping && sleep 250.125"), refreshingBase: false)
                let lines = BuildLines()
                let build = Task { try await stage.backend.build(plan, owner: .random(), usingCache: true) { lines.add($0) } }
                await lines.first(containing: "now sleeping")
                let start = ContinuousClock.now
                build.cancel()
                _ = await build.result
                #expect(ContinuousClock.now - start < .seconds(60))
                #expect(try await stage.backend.builtImage(plan.reference) == nil)
                // The engine takes the step's container away by itself, when it notices.
                var left = try await containers(stage, of: "sleep 250.125")
                for _ in 0..<300 where left > 0 {
                    try await Task.sleep(for: .milliseconds(100))
                    left = try await containers(stage, of: "sleep 250.125")
                }
                #expect(left == 0)
            }
        }

        /// The containers of which the engine says something that only this test's have: others run beside it.
        private func containers(_ stage: Stage, of text: String) async throws -> Int {
            let answer = try await stage.engineCall(.get, "/containers/json", query: [("all", "1")])
            let listed = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]]
            return (listed ?? []).count { "\($0["Command"] ?? "") \($0["Labels"] ?? "")".contains(text) }
        }

        @Test("a base that moved is another image", arguments: RealEngine.all)
        func movedBase(_ engine: RealEngine) async throws {
            try await withStage(engine, settings: ["build_network": ["none"]]) { stage in
                let tag = "moving-\(UInt32.random(in: 0 ... .max))"
                let name = "localhost/sandlot-test:\(tag)"
                func point(at image: String) async throws {
                    try await stage.engineCall(.post, "/images/\(image)/tag", query: [("repo", "localhost/sandlot-test"), ("tag", tag)])
                }
                try await point(at: RealEngine.image)
                let first = try await stage.backend.plan(ImageSpec(base: name, .base), refreshingBase: false)
                #expect(try await stage.backend.plan(ImageSpec(base: name, .base), refreshingBase: false) == first)
                let inFile = try await stage.backend.plan(ImageSpec(.dockerfile("FROM \(name)\n")), refreshingBase: false)
                try await stage.withImage(fresh("RUN : >/other")) { other in
                    try await point(at: other.reference)
                    #expect(try await stage.backend.plan(ImageSpec(base: name, .base), refreshingBase: false).reference != first.reference)
                    let again = try await stage.backend.plan(ImageSpec(.dockerfile("FROM \(name)\n")), refreshingBase: false)
                    #expect(again.reference != inFile.reference)
                    try await stage.engineCall(.delete, "/images/\(name)")
                }
            }
        }

        @Test("what others made from our image is not ours, and an image of others is not removed", arguments: RealEngine.all)
        func foreign(_ engine: RealEngine) async throws {
            try await withStage(engine, settings: ["build_network": ["none"]]) { stage in
                try await stage.withImage(fresh("RUN : >/ours")) { image in
                    let name = "localhost/somebody-else:\(UInt32.random(in: 0 ... .max))"
                    let file = Array("FROM \(image.reference)\nLABEL theirs=1\n".utf8)
                    let answer = try await stage.send(
                        HTTPCall(
                            .post, "/v1.40/build", query: [("t", name), ("dockerfile", "Dockerfile")],
                            body: .bytes(tar("Dockerfile", file), type: "application/x-tar"), deadline: .seconds(60)))
                    #expect(answer.isSuccess)
                    #expect(!(try await stage.backend.builtImages().contains { $0.reference == name }))
                    #expect(try await stage.backend.builtImage(name) == nil)
                    for reference in [name, RealEngine.image] {
                        let error = await #expect(throws: SandboxError.self) { try await stage.backend.removeImage(reference) }
                        #expect(error?.code == .denied)
                    }
                    try await stage.engineCall(.delete, "/images/\(name)")
                }
            }
        }

        @Test("a base without a package manager is refused with a remedy, and nothing is left of looking", arguments: RealEngine.all)
        func noPackageManager(_ engine: RealEngine) async throws {
            try await withStage(engine) { stage in
                let error = await #expect(throws: SandboxError.self) {
                    try await stage.backend.plan(ImageSpec(.packages(["jq"])), refreshingBase: false)
                }
                #expect(error?.code == .unsupported)
                let left = try await containers(stage, of: "dev.sandlot.image.look")
                #expect(left == 0)
                let missing = await #expect(throws: SandboxError.self) {
                    try await stage.backend.plan(ImageSpec(base: "localhost/nosuch:1", .base), refreshingBase: false)
                }
                #expect(missing?.code == .notFound)
            }
        }

        @Test("the store's use is counted by the engine, and an image is exported as an archive", arguments: RealEngine.all)
        func usageAndExport(_ engine: RealEngine) async throws {
            try await withStage(engine, settings: ["build_network": ["none"]]) { stage in
                try await stage.withImage(fresh("RUN head -c 3000000 /dev/urandom >/big")) { image in
                    let usage = try await stage.backend.imageStoreUsage()
                    #expect(usage.ours >= 1)
                    #expect(usage.images > usage.ours)
                    // Podman keeps each step as an image of its own, so it says that the last one has next to nothing for itself.
                    if engine.name == "docker" {
                        #expect((usage.ourBytes ?? 0) >= 3_000_000)
                        #expect((usage.reclaimableBytes ?? 0) >= 3_000_000)
                    }
                    let count = Mutex(0)
                    let head = Mutex<[UInt8]>([])
                    try await stage.backend.exportImage(image.reference) { piece in
                        count.withLock { $0 += piece.count }
                        head.withLock { if $0.count < 512 { $0 += piece } }
                    }
                    #expect(count.withLock { $0 } > 3_000_000)
                    #expect(head.withLock { Array($0.dropFirst(257).prefix(5)) } == Array("ustar".utf8))
                }
            }
        }

        private func tar(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, _ at: Int) { header.replaceSubrange(at..<at + text.utf8.count, with: Array(text.utf8)) }
            put(name, 0)
            put("0000644", 100)
            put("0000000", 108)
            put("0000000", 116)
            put(String(repeating: "0", count: 11 - String(bytes.count, radix: 8).count) + String(bytes.count, radix: 8), 124)
            put("00000000000", 136)
            put("        ", 148)
            put("0", 156)
            put("ustar", 257)
            put("00", 263)
            let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
            put(String(repeating: "0", count: 6 - sum.count) + sum, 148)
            header[154] = 0
            return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512 + 1024)
        }
    }

}

extension ImagesOnEngines {
    @Suite(
        "Package builds on a real engine", .serialized, .timeLimit(.minutes(10)),
        .enabled(if: !RealEngine.all.isEmpty && debianImage != nil, "run Scripts/import-debian and set the variable that it prints"))
    struct PackageBuildTests {
        @Test("a package list becomes an image that has the packages, and a sandbox without a network uses them", arguments: RealEngine.all)
        func packages(_ engine: RealEngine) async throws {
            let base = try #require(debianImage)
            try await withStage(engine, settings: ["image": [base]]) { stage in
                let spec = ImageSpec(.packages(["jq"]))
                let plan = try await stage.backend.plan(spec, refreshingBase: false)
                #expect(plan.distribution?.hasPrefix("Debian") == true)
                let report = try await stage.backend.checkPackages(["jq", "bash", "no; such", "apk:x"], base: nil)
                #expect(report.packageManager == "apt")
                #expect(report.entries.map(\.verdict) == [.missing, .installed, .unknown, .unavailable])
                try await stage.withImage(spec) { image in
                    #expect(image.packages == ["jq"])
                    let sandbox = try await stage.backend.create(stage.spec { $0.image = .reference(image.reference) }) { _ in }
                    let result = try await sandbox.run(
                        ExecRequest(.shell("echo '{\"a\":[1,2]}' | jq -c .a; ls /var/lib/apt/lists | wc -l")))
                    #expect(result.outputText == "[1,2]\n0\n", "\(result.errorText)")
                    try await sandbox.destroy()
                    let inside = try await stage.backend.checkPackages(["jq"], base: image.reference)
                    #expect(inside.entries.map(\.verdict) == [.installed])
                }
            }
        }

        @Test("a package that the distribution does not have is told by its name, and nothing is named", arguments: RealEngine.all)
        func unknownPackage(_ engine: RealEngine) async throws {
            let base = try #require(debianImage)
            try await withStage(engine, settings: ["image": [base]]) { stage in
                let plan = try await stage.backend.plan(ImageSpec(.packages(["jq", "no-such-package-at-all"])), refreshingBase: false)
                let error = await #expect(throws: SandboxError.self) {
                    try await stage.backend.build(plan, owner: .random(), usingCache: true) { _ in }
                }
                #expect(error?.code == .invalidArgument)
                #expect(error?.message.contains("'no-such-package-at-all'") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("'jq'") == false)
                #expect(try await stage.backend.builtImage(plan.reference) == nil)
            }
        }
    }
}

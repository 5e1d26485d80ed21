// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import ContainerBackends
import Foundation
import SandboxCore
import SandboxHTTP
import Synchronization
import SystemPackage
import Testing

/// What happens to containers and images while they are in use, and between two Sandlots.
@Suite("An engine that others use too", .serialized, .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing), .timeLimit(.minutes(10)))
struct SharedEngineTests {
    @Test("a paused container is told as that; unpaused, its exec goes on as if nothing had been", arguments: RealEngine.all)
    func paused(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let container = stage.container(sandbox)
            let exec = try await sandbox.start(ExecRequest(.shell("echo one; read line; echo $line"), input: .stream))
            var text: [UInt8] = []
            var ending: ExecEnding?
            for try await event in exec.events {
                switch event {
                case .output(let chunk):
                    text += chunk.bytes
                    guard text == Array("one\n".utf8) else { continue }
                    try await stage.engineCall(.post, "/containers/\(container)/pause")
                    let error = await #expect(throws: SandboxError.self) { try await stage.backend.attach(to: sandbox.reference) }
                    #expect(error?.code == .unavailable && error?.remedy?.contains("unpause") == true)
                    try await stage.engineCall(.post, "/containers/\(container)/unpause")
                    try await exec.write(Array("two\n".utf8))
                case .ended(let end): ending = end
                }
            }
            #expect(String(decoding: text, as: UTF8.self) == "one\ntwo\n" && ending?.outcome.isSuccess == true)
            try await sandbox.destroy()
        }
    }

    @Test(
        "an image that is removed while in use leaves its sandboxes alone; the next one is told that it is missing",
        arguments: RealEngine.all)
    func imageGone(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let name = "localhost/sandlot-test-\(UInt32.random(in: 0 ... .max))"
            let tag: [(name: String, value: String)] = [("repo", name), ("tag", "gone")]
            try await stage.engineCall(.post, "/images/\(RealEngine.image)/tag", query: tag)
            let sandbox = try await stage.backend.create(stage.spec { $0.image = .reference("\(name):gone") }) { _ in }
            try await stage.engineCall(.delete, "/images/\(name):gone")
            #expect(try await sandbox.run(ExecRequest(.shell("echo on"))).outputText == "on\n")
            let again = try await stage.backend.attach(to: sandbox.reference)
            #expect(try await again.run(ExecRequest(.shell("echo on"))).outputText == "on\n")
            let error = await #expect(throws: SandboxError.self) {
                try await stage.backend.create(stage.spec { $0.image = .reference("\(name):gone") }) { _ in }
            }
            #expect(error?.code == .notFound && error?.remedy != nil)
            try await sandbox.destroy()
        }
    }

    @Test("two Sandlots on one engine see and remove only their own", arguments: RealEngine.all)
    func twoSandlots(_ engine: RealEngine) async throws {
        try await withStage(engine) { one in
            try await withStage(engine) { other in
                let (mine, theirs) = (one.spec(), other.spec())
                let first = try await one.backend.create(mine) { _ in }
                let second = try await other.backend.create(theirs) { _ in }
                #expect(try await one.backend.list(owner: mine.owner).map(\.id) == [mine.id])
                #expect(try await other.backend.list(owner: theirs.owner).map(\.id) == [theirs.id])
                // As if the other one took our sandbox for its own.
                var wrong = first.reference
                wrong.owner = theirs.owner
                let error = await #expect(throws: SandboxError.self) { try await other.backend.remove(wrong) }
                #expect(error?.code == .denied)
                let gone = await #expect(throws: SandboxError.self) { try await other.backend.attach(to: wrong) }
                #expect(gone?.code == .notFound)
                #expect(try await first.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
                try await first.destroy()
                #expect(try await second.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
                try await second.destroy()
            }
        }
    }

    @Test("a container without our labels is never listed or removed, whatever it is called", arguments: RealEngine.all)
    func foreign(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let spec = stage.spec()
            let name = "sandlot-\(spec.id)"
            let body =
                #"{"Image":"\#(RealEngine.image)","Cmd":["true"],"Labels":{"dev.sandlot.sandbox":"\#(spec.id)","dev.sandlot.owner":"\#(spec.owner)"}}"#
            try await stage.engineCall(.post, "/containers/create", query: [("name", name)], body: Array(body.utf8))
            #expect(try await stage.backend.list(owner: spec.owner).isEmpty)
            try await stage.backend.remove(
                SandboxReference(id: spec.id, backend: stage.backend.descriptor.id, owner: spec.owner, session: nil, locator: [:]))
            try await stage.engineCall(.get, "/containers/\(name)/json")
            try await stage.engineCall(.delete, "/containers/\(name)", query: [("force", "1")])
        }
    }

    @Test("every setting that shapes a container is in its fingerprint, and nothing else", arguments: RealEngine.all)
    func fingerprints(_ engine: RealEngine) async throws {
        try await withStage(engine) { plain in
            try await withStage(engine, settings: ["read_only_root": ["true"]]) { readOnly in
                let base = SandboxSpec(owner: .random())
                let first = try await Self.fingerprint(plain, base)
                #expect(try await Self.fingerprint(plain, base) == first)
                var seen: Set<String> = [first, try await Self.fingerprint(readOnly, base)]
                let edits: [(inout SandboxSpec) -> Void] = [
                    { $0.limits.memory = 256 << 20 }, { $0.limits.processors = 1 }, { $0.limits.processes = 100 },
                    { $0.network = .open }, { $0.hostname = "other" }, { $0.endsWithCreator = true },
                    { $0.workspace = .mounted("/usr/share", readOnly: true) },
                    { $0.mounts = [Mount(source: "/usr/share", target: "/mnt/x", readOnly: true)] },
                    { $0.mounts = [Mount(source: "/usr/share", target: "/mnt/x", readOnly: false)] },
                ]
                for edit in edits {
                    var spec = base
                    edit(&spec)
                    #expect(seen.insert(try await Self.fingerprint(plain, spec)).inserted, "the same fingerprint for another container")
                }
                var secret = base
                secret.environment = ["TOKEN": "hush"]
                #expect(try await Self.fingerprint(plain, secret) == first, "an environment goes to execs, not into containers")
            }
        }
    }

    @Test("a sandbox is outdated when the settings of now would shape it otherwise, whatever its image", arguments: RealEngine.all)
    func outdated(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            let spec = stage.spec { $0.limits.memory = 256 << 20 }
            let sandbox = try await stage.backend.create(spec) { _ in }
            func isOutdated(_ settings: [String: [String]]) async throws -> Bool {
                let scope = ["host": [engine.socket.string], "image": [RealEngine.image]].merging(settings) { $1 }
                let later = engine.make(stage.host, try ContainerSettings(scope))
                return try await later.isOutdated(sandbox.reference, as: spec)
            }
            #expect(try await !isOutdated([:]))
            #expect(try await !isOutdated(["image": ["localhost/another:1"], "pull_timeout": ["7"]]))
            #expect(try await isOutdated(["read_only_root": ["true"]]))
            #expect(try await isOutdated(["processes": ["100"]]))
            #expect(try await isOutdated(["guest_delivery": ["archive"]]))
            try await sandbox.destroy()
            #expect(try await !isOutdated(["processes": ["100"]]), "what is gone is not outdated")
        }
    }

    /// Of a container that is made for it and removed again.
    private static func fingerprint(_ stage: Stage, _ spec: SandboxSpec) async throws -> String {
        let sandbox = try await stage.backend.create(spec) { _ in }
        let text = try await stage.engineCall(.get, "/containers/\(stage.container(sandbox))/json").body
        try await sandbox.destroy()
        struct Shown: Decodable {
            struct Config: Decodable { var Labels: [String: String] }
            var Config: Config
        }
        let labels = try JSONDecoder().decode(Shown.self, from: Data(text)).Config.Labels
        #expect(labels["dev.sandlot.owner"] == spec.owner.rawValue && labels["dev.sandlot.boot"]?.isEmpty == false)
        return try #require(labels["dev.sandlot.fingerprint"])
    }
}

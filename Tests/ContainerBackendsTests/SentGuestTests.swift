import ContainerBackends
import SandboxCore
import SandboxHTTP
import SystemPackage
import Testing

/// An engine that is treated as if it did not see our files: the guest goes by its API, and so do the connections.
@Suite("A container of an engine that shares no files", .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing), .timeLimit(.minutes(10)))
struct SentGuestTests {
    private static let settings = ["guest_delivery": ["archive"]]

    @Test("runs commands with input and output, and leaves nothing", arguments: RealEngine.all)
    func runs(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: Self.settings) { stage in
            let sandbox = try await stage.backend.create(stage.spec { $0.environment = ["TOKEN": "hush-4711"] }) { _ in }
            let result = try await sandbox.run(
                ExecRequest(.shell("pwd; echo $TOKEN; cat; touch made; ls -a; ls -d ~; exit 3")), input: Array("in\n".utf8))
            #expect(result.outcome == .exited(code: 3))
            #expect(result.outputText == "/workspace\nhush-4711\nin\n.\n..\nmade\n/home/sandbox\n")
            try await sandbox.files.write(text: "hello", to: "file")
            #expect(try await sandbox.files.readAll("file") == Array("hello".utf8))
            let shown = try await stage.engineCall(.get, "/containers/\(stage.container(sandbox))/json").text
            #expect(!shown.contains("hush-"))
            try await sandbox.destroy()
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).isEmpty)
        }
    }

    @Test("output is whole and waits for its reader", arguments: RealEngine.all)
    func wholeOutput(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: Self.settings) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            var total: UInt64 = 0
            let ending = try await sandbox.exec(ExecRequest(.shell("head -c 50000000 /dev/zero"))) { exec in
                for try await event in exec.events {
                    switch event {
                    case .output(let chunk):
                        #expect(chunk.offset == total)
                        total += UInt64(chunk.bytes.count)
                    case .ended(let ending): return ending
                    }
                }
                throw SandboxError(.internalError, "no end")
            }
            #expect(ending.outcome.isSuccess && total == 50_000_000)
            try await sandbox.destroy()
        }
    }

    @Test("another Sandlot takes it up with its running exec, at the byte where the first one was", arguments: RealEngine.all)
    func restart(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: Self.settings) { stage in
            let first = try await stage.backend.create(stage.spec { $0.environment = ["GREETING": "hello"] }) { _ in }
            let exec = try await first.start(ExecRequest(.shell("echo one; read line; echo $GREETING $line"), input: .stream))
            var offsets = OutputOffsets.zero
            for try await event in exec.events {
                guard case .output(let chunk) = event else { break }
                offsets.standardOutput += UInt64(chunk.bytes.count)
                if offsets.standardOutput == 4 { break }
            }
            await exec.detach()
            let second = stage.engine.make(stage.host, stage.settings)
            let again = try await second.attach(to: first.reference)
            let resumed = try await again.attach(to: exec.id, from: offsets)
            try await resumed.write(Array("two\n".utf8))
            var text: [UInt8] = []
            for try await event in resumed.events {
                if case .output(let chunk) = event { text += chunk.bytes }
                if case .ended(let ending) = event { #expect(ending.outcome.isSuccess) }
            }
            #expect(String(decoding: text, as: UTF8.self) == "hello two\n")
            try await again.destroy()
        }
    }

    @Test("nothing inside can speak for the host", arguments: RealEngine.all)
    func insiders(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: Self.settings) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let id = sandbox.reference.id
            // The guest's own relay, but started from inside: it is let go at once.
            let result = try await sandbox.run(
                ExecRequest(.shell("/.sandlot/guest relay --to-abstract \(id) </dev/zero | wc -c"), timeout: .seconds(20)))
            #expect(result.outputText.filter { !$0.isWhitespace } == "0")
            #expect(result.outcome == .exited(code: 0))
            try await sandbox.destroy()
        }
    }

    @Test("what needs shared files is refused, is not claimed, and makes nothing", arguments: RealEngine.all)
    func refusals(_ engine: RealEngine) async throws {
        try await withStage(engine, settings: Self.settings) { stage in
            _ = await stage.backend.probe()
            #expect(stage.backend.descriptor.capabilities.isDisjoint(with: [.mountedWorkspace, .extraMounts]))
            let edits: [(inout SandboxSpec) -> Void] = [
                { $0.workspace = .mounted("/srv", readOnly: true) }, { $0.home = .directory("/srv") },
                { $0.mounts = [Mount(source: "/srv", target: "/mnt/x", readOnly: true)] },
            ]
            for edit in edits {
                let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(stage.spec(edit)) { _ in } }
                #expect(error?.code == .unsupported && error?.remedy != nil)
            }
        }
    }
}

import GuestClient
import SandboxCore
import SystemPackage
import Testing

@Suite(
    "With the real guest", .enabled(if: RealGuest.program != nil, "no sandlot-guest is built; name one in SANDLOT_GUEST"),
    .timeLimit(.minutes(10)))
struct RealGuestTests {
    private func finish(_ exec: any RunningExec) async throws -> (out: [UInt8], err: [UInt8], ending: ExecEnding) {
        var (out, err): ([UInt8], [UInt8]) = ([], [])
        for try await event in exec.events {
            switch event {
            case .output(let chunk):
                if chunk.channel == .standardOutput { out += chunk.bytes } else { err += chunk.bytes }
            case .ended(let ending): return (out, err, ending)
            }
        }
        throw SandboxError(.protocolViolation, "no end")
    }

    @Test
    func `a command's output and status arrive`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let exec = try await core.start(ExecRequest(.shell("pwd; echo $A >&2; exit 3"), environment: ["A": "b"]))
        let result = try await finish(exec)
        #expect(result.out == Array("\(guest.directory)\n".utf8))
        #expect(result.err == Array("b\n".utf8))
        #expect(result.ending.outcome == .exited(code: 3))
    }

    @Test
    func `standard input flows through whole and in order`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let exec = try await core.start(ExecRequest(.arguments(["cat"]), input: .stream))
        let input = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        async let feeding: Void = {
            try await exec.write(input)
            try await exec.closeInput()
        }()
        let result = try await finish(exec)
        try await feeding
        #expect(result.out == input)
        #expect(result.ending.outcome == .exited(code: 0))
    }

    @Test
    func `a reader that stops stalls its command and nobody else's`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let stalled = try await core.start(ExecRequest(.shell("head -c 50000000 /dev/zero")))
        for _ in 0..<20 {
            let other = try await finish(try await core.start(ExecRequest(.shell("echo hi"))))
            #expect(other.out == Array("hi\n".utf8))
        }
        #expect(try await finish(stalled).out.count == 50_000_000)
    }

    @Test
    func `a second start with the same id runs nothing`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let request = ExecRequest(.shell("echo x >> ran"))
        _ = try await finish(try await core.start(request))
        #expect(await code { try await core.start(request) } == .alreadyExists)
        #expect(try await core.files.readAll("ran") == Array("x\n".utf8))
    }

    @Test
    func `a program that does not exist is told apart`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        do {
            _ = try await core.start(ExecRequest(.arguments(["/no/such/program"])))
            Issue.record("it started")
        } catch let failure as ExecStartFailure {
            #expect(failure.reason == .commandNotFound)
        }
    }

    @Test
    func `an ended exec is read again from any offset until it is forgotten`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let request = ExecRequest(.shell("printf 0123456789"))
        _ = try await finish(try await core.start(request))
        let again = try await core.attach(to: request.id, from: OutputOffsets(standardOutput: 4))
        #expect(try await finish(again).out == Array("456789".utf8))
        #expect(try await core.execs().map(\.id) == [request.id])
        try await core.forget(request.id)
        #expect(try await core.execs().isEmpty)
        #expect(await code { try await core.attach(to: request.id, from: .zero) } == .notFound)
    }

    @Test
    func `cancelling kills the tree`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let exec = try await core.start(ExecRequest(.shell("sleep 100 & sleep 100"), killGrace: .milliseconds(100)))
        try await exec.cancel()
        #expect(try await finish(exec).ending.outcome == .cancelled)
        try await exec.cancel()
    }

    @Test
    func `files are written, listed, streamed and removed`() async throws {
        let guest = try RealGuest()
        let files = guest.core().files
        let content = (0..<(2 << 20)).map { UInt8(truncatingIfNeeded: $0) }
        try await files.write(content, to: "a/b", options: FileWriteOptions(mode: 0o600, createsParents: true))
        #expect(try await files.readAll("a/b") == content)
        #expect(try await files.stat("a/b", followsLinks: true).mode == 0o600)
        #expect(try await files.listAll("a").map(\.path) == ["b"])
        var names: [FilePath] = []
        for try await entry in try await files.manifest(of: "a", digests: true) { names.append(entry.path) }
        #expect(names == ["b"])
        try await files.makeDirectory("c", mode: 0o755, parents: false)
        #expect(try await files.import(try await files.export("a", paths: []), into: "c").isEmpty)
        #expect(try await files.readAll("c/b") == content)
        try await files.remove("a", recursive: true)
        await #expect(throws: FileRefusal.self) { try await files.stat("a", followsLinks: true) }
    }

    @Test
    func `many short commands at once end each with their own output`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let result = try await finish(try await core.start(ExecRequest(.shell("echo \(number)"))))
                    #expect(result.out == Array("\(number)\n".utf8))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test
    func `a shutdown ends the guest and its commands are lost`() async throws {
        let guest = try RealGuest()
        let core = guest.core()
        let exec = try await core.start(ExecRequest(.arguments(["sleep", "100"])))
        try await core.shutdown(grace: .milliseconds(100))
        _ = exec
    }
}

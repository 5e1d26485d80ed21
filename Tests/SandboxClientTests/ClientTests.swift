import Foundation
import SandboxAPI
import SandboxCore
import SandboxEngine
import SystemPackage
import Testing

@testable import SandboxClient

@Suite("The client", .timeLimit(.minutes(10)))
struct ClientTests {
    @Test func `a session is opened, used and closed`() async throws {
        try await ServerFixture.run { _, client in
            #expect(try await client.health().version == "test")
            var wish = SessionCreation()
            wish.name = "work"
            let session = try await client.openSession(wish)
            let result = try await session.run(ExecRequest(.shell("cat; echo err >&2; exit 3"), input: .stream), input: Array("in".utf8))
            #expect(result.stdout.bytes == Array("in".utf8))
            #expect(result.stderr.bytes == Array("err\n".utf8))
            #expect(try result.exec.ending?.ending().outcome == .exited(code: 3))
            try await session.files.write(Array("text".utf8), to: "folder/file", options: FileWriteOptions(createsParents: true))
            #expect(try await session.files.readAll("folder/file") == Array("text".utf8))
            var names: [String?] = []
            for try await found in client.sessions() { names.append(found.name) }
            #expect(names == ["work"])
            try await client.session("work").close(force: true)
            #expect(try await session.record().state == .closed)
        }
    }

    @Test func `refusals come back as what they are`() async throws {
        try await ServerFixture.run { fixture, client in
            let session = try await client.openSession()
            await #expect(throws: ExecStartFailure.self) { _ = try await session.start(ExecRequest(.arguments(["no-such-program"]))) }
            await #expect(throws: FileRefusal.self) { _ = try await session.files.readAll("nothing") }
            #expect(await code { _ = try await client.session("nobody").record() } == .notFound)
            for token in [
                AccessTokenSource.none, .text("sandlot_tok-x_y"), .text("two words"), .file("/no/such/token"),
                .variable("SANDLOT_TEST_NONE"),
            ] {
                #expect(await code { _ = try await fixture.client(token).session("work").record() } == .denied)
            }
            #expect(try await fixture.client(.none).health().status == "ok")
        }
    }

    @Test func `a path need not be text`() async throws {
        try await ServerFixture.run { _, client in
            let files = try await client.openSession().files
            let name = try FilePath(bytes: [0x66, 0xFF, 0x2B, 0x25, 0x20, 0x26])
            try await files.write([1], to: name, options: FileWriteOptions())
            #expect(try await files.stat(name, followsLinks: false).size == 1)
            #expect(try await files.listAll(".").map(\.path) == [name])
            try await files.remove(name, recursive: false)
        }
    }

    @Test func `output goes on at its offsets when the server is another one`() async throws {
        try await ServerFixture.run { fixture, client in
            let session = try await client.openSession()
            let exec = try await session.start(ExecRequest(.shell("echo before; read line; echo $line after"), input: .stream))
            var events = exec.events.makeAsyncIterator()
            #expect(try await events.next() == .output(OutputChunk(channel: .standardOutput, offset: 0, bytes: Array("before\n".utf8))))
            await fixture.stop()
            try await fixture.start()
            try await exec.write(Array("and\n".utf8))
            var rest: [UInt8] = []
            while let event = try await events.next() {
                switch event {
                case .output(let chunk):
                    #expect(chunk.offset == UInt64(7 + rest.count))
                    rest += chunk.bytes
                case .ended(let ending): #expect(ending.outcome == .exited(code: 0))
                }
            }
            #expect(String(decoding: rest, as: UTF8.self) == "and after\n")
        }
    }

    @Test func `the feed goes on behind the last event when the server is another one`() async throws {
        try await ServerFixture.run { fixture, client in
            var events = client.events(follow: true).makeAsyncIterator()
            _ = try await client.openSession()
            #expect(try await events.next()?.type == "token.created")
            #expect(try await events.next()?.type == "session.opened")
            await fixture.stop()
            try await fixture.start()
            let closing = try await client.openSession()
            try await closing.close(force: true)
            var last = Int64(0)
            while let event = try await events.next() {
                #expect(event.sequence > last)
                last = event.sequence
                if event.type == "session.closed" { break }
            }
            var present = 0
            for try await _ in client.events() { present += 1 }
            #expect(present >= 5)
        }
    }

    @Test func `a backend describes itself as the server's does`() async throws {
        try await ServerFixture.run { fixture, client in
            let served = try #require(try await client.backends().first)
            let remote = try await RemoteBackend.describing(served.id, of: client, as: BackendID(validating: "far"))
            #expect(remote.descriptor.capabilities == served.capabilitySet)
            #expect(await remote.probe().isAvailable)
            let stranger = try fixture.client(.none)
            #expect(await !RemoteBackend(stranger, serving: served.id, descriptor: remote.descriptor).probe().isAvailable)
        }
    }

    @Test func `a server that stays away is told, and letting go ends a reader that waits`() async throws {
        try await ServerFixture.run { fixture, _ in
            let token = AccessTokenSource.file(fixture.data.appending("token"))
            var patience = SandlotClient.Patience()
            patience.attempts = 3
            patience.pause = .milliseconds(10)
            let endpoint = try fixture.client(token).endpoint
            let client = try SandlotClient(endpoint, token: token, patience: patience, logger: ServerFixture.quiet)
            let session = try await client.openSession()
            let quiet = try await session.start(ExecRequest(.shell("read line"), input: .stream))
            async let waiting: ExecEvent? = {
                var events = quiet.events.makeAsyncIterator(); return try await events.next()
            }()
            await quiet.detach()
            #expect(try await waiting == nil)
            let lost = try await session.start(ExecRequest(.shell("read line"), input: .stream))
            await fixture.stop()
            #expect(await code { for try await _ in lost.events {} } == .unavailable)
        }
    }
}

/// The code of the `SandboxError` that some work throws; nil when it throws none.
func code(_ work: () async throws -> Void) async -> SandboxError.Code? {
    do {
        try await work()
        return nil
    } catch {
        return (error as? SandboxError)?.code
    }
}

import SandboxCore
import SandboxTesting
import Testing

@testable import SandboxEngine

@Suite("Execs")
struct ExecTests {
    @Test func `the output is in the spool during the run and after it`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("echo one; cat; echo two >&2"), input: .stream))
            var reader = try await engine.output(of: exec.id, channel: .standardOutput, follow: true).makeAsyncIterator()
            #expect(try await reader.next()?.bytes == Array("one\n".utf8))
            try await exec.write(Array("typed".utf8))
            #expect(try await reader.next()?.bytes == Array("typed".utf8))
            try await exec.closeInput()
            #expect(try await reader.next() == nil)
            let record = try await engine.wait(for: exec.id)
            #expect(record.ending?.offsets == OutputOffsets(standardOutput: 9, standardError: 4))
            #expect(try await engine.text(of: exec.id) == "one\ntyped")
            #expect(try await engine.text(of: exec.id, .standardError) == "two\n")
        }
    }

    @Test func `an id runs once, whatever became of it`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest())
            let request = ExecRequest(.shell("echo once"))
            async let first = code { _ = try await engine.start(session.id, request) }
            async let second = code { _ = try await engine.start(session.id, request) }
            #expect(Set([await first, await second]) == [nil, .alreadyExists])
            _ = try await engine.wait(for: request.id)
            #expect(await code { _ = try await engine.start(session.id, request) } == .alreadyExists)
            #expect(fixture.backend.startedCommands.count == 1)
        }
    }

    @Test func `a cancelled command ends although its reader has stopped, which then gets the rest`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("head -c 4000000 /dev/zero; cat"), input: .stream))
            var events = exec.events.makeAsyncIterator()
            guard case .output(let first)? = try await events.next() else { return #expect(Bool(false), "no output") }
            // The command waits for its reader, who asks for nothing while it is cancelled.
            try await engine.cancel(exec.id)
            #expect(try await engine.wait(for: exec.id).ending?.outcome == .cancelled)
            var expected = first.offset + UInt64(first.bytes.count)
            var ending: ExecEnding?
            while let event = try await events.next() {
                switch event {
                case .output(let chunk):
                    #expect(chunk.offset == expected)
                    expected = chunk.offset + UInt64(chunk.bytes.count)
                case .ended(let end): ending = end
                }
            }
            #expect(ending?.outcome == .cancelled && ending?.offsets.standardOutput == expected)
        }
    }

    @Test func `a program that is not there is refused with the shells' status`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let request = ExecRequest(.arguments(["no-such-program"]))
            await #expect(throws: ExecStartFailure.self) { _ = try await engine.start(session.id, request) }
            let record = try await engine.exec(request.id)
            #expect(record.state == .refused)
            #expect(record.refusalStatus == 127)
            #expect(record.ending == nil)
        }
    }

    @Test func `a start that got no answer is lost and not run again`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest())
            fixture.backend.faults.failStart(SandboxError(.unavailable, "the channel broke"))
            let request = ExecRequest(.shell("true"))
            #expect(await code { _ = try await engine.start(session.id, request) } == .unavailable)
            guard case .lost = try await engine.exec(request.id).ending?.outcome else { return #expect(Bool(false), "not lost") }
            #expect(fixture.backend.startedCommands.isEmpty)
            #expect(try await engine.run(session.id, "echo fine").text == "fine\n")
        }
    }

    @Test func `a broken channel is made anew and no byte is lost or doubled`() async throws {
        try await EngineFixture.run { fixture, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("echo before; cat"), input: .stream))
            var events = exec.events.makeAsyncIterator()
            guard case .output(let chunk) = try await events.next() else { return #expect(Bool(false)) }
            #expect(chunk.bytes == Array("before\n".utf8))
            fixture.backend.breakChannels(of: try #require(session.sandbox))
            while true {
                do {
                    try await engine.attach(to: exec.id).write(Array("after".utf8))
                    break
                } catch { await Task.yield() }
            }
            guard case .output(let next) = try await events.next() else { return #expect(Bool(false)) }
            #expect(next == OutputChunk(channel: .standardOutput, offset: 7, bytes: Array("after".utf8)))
            try await engine.attach(to: exec.id).closeInput()
            guard case .ended(let ending) = try await events.next() else { return #expect(Bool(false)) }
            #expect(ending.outcome == .exited(code: 0))
        }
    }

    @Test func `the spool is bounded, the live reader gets everything, and the record counts what is missing`() async throws {
        try await EngineFixture.run(InMemoryBackend(), { $0.outputLimit = 100_000 }) { _, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("cat"), input: .stream))
            async let feeding: Void = {
                for _ in 0..<40 { try await exec.write([UInt8](repeating: 0x61, count: 50_000)) }
                try await exec.closeInput()
            }()
            var total = 0
            for try await case .output(let chunk) in exec.events {
                #expect(chunk.offset == UInt64(total))
                total += chunk.bytes.count
            }
            try await feeding
            #expect(total == 2_000_000)
            #expect(try await engine.exec(exec.id).dropped.standardOutput == 1_900_000)
            #expect(try await engine.text(of: exec.id).utf8.count == 100_000)
        }
    }

    @Test func `who asks late gets everything from the spool, and who never asks stalls nothing`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("cat"), input: .stream))
            for index in 0..<40 { try await exec.write([UInt8](repeating: UInt8(index), count: 50_000)) }
            try await exec.closeInput()
            #expect(try await engine.wait(for: exec.id).ending?.offsets.standardOutput == 2_000_000)
            var next: UInt64 = 0
            var isWhole = true
            var ended = 0
            for try await event in exec.events {
                switch event {
                case .output(let chunk):
                    isWhole = isWhole && chunk.offset == next
                    for (index, byte) in chunk.bytes.enumerated() where UInt64(byte) != (next + UInt64(index)) / 50_000 { isWhole = false }
                    next += UInt64(chunk.bytes.count)
                case .ended: ended += 1
                }
            }
            #expect(isWhole)
            #expect(next == 2_000_000)
            #expect(ended == 1)
        }
    }

    @Test func `a reader that lets go does not hold the command up`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let request = ExecRequest(.shell("cat"), input: .stream)
            do {
                let exec = try await engine.start(session.id, request)
                try await exec.write([1])
                var events = exec.events.makeAsyncIterator()
                _ = try await events.next()
            }
            let control = try await engine.attach(to: request.id)
            for _ in 0..<40 { try await control.write([UInt8](repeating: 2, count: 50_000)) }
            try await control.closeInput()
            #expect(try await engine.wait(for: request.id).ending?.offsets.standardOutput == 2_000_001)
        }
    }

    @Test func `cancelling ends the command and says so`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let exec = try await engine.start(session.id, ExecRequest(.shell("sleep 1000")))
            try await engine.cancel(exec.id)
            #expect(try await engine.wait(for: exec.id).ending?.outcome == .cancelled)
            try await engine.cancel(exec.id)
        }
    }

    @Test func `events are replayed in order and followed without a gap`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            let follower = Task {
                var seen: [EngineEvent] = []
                for try await event in engine.events(session: session.id, follow: true) {
                    seen.append(event)
                    if event.kind == .sessionClosed { break }
                }
                return seen
            }
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { _ = try await engine.run(session.id, "echo secret-argument") } }
                try await group.waitForAll()
            }
            try await engine.close(session.id)
            let seen = try await follower.value
            let replayed = try await engine.allEvents(session.id)
            #expect(seen == replayed)
            #expect(seen.map(\.sequence) == seen.map(\.sequence).sorted())
            #expect(seen.filter { $0.kind == .execStarted }.count == 50)
            #expect(seen.filter { $0.kind == .execEnded }.count == 50)
            #expect(!seen.contains { $0.payload.values.contains { $0.contains("secret-argument") } })
            let middle = seen[20].sequence
            var rest: [EngineEvent] = []
            for try await event in engine.events(after: middle, session: session.id) { rest.append(event) }
            #expect(rest == Array(seen.dropFirst(21)))
        }
    }
}

import SandboxCore
import Synchronization
import Testing

@Suite("Collecting a command's output", .timeLimit(.minutes(10)))
struct CollectTests {
    private static let ending = ExecEnding(outcome: .exited(code: 3), offsets: OutputOffsets(standardOutput: 5, standardError: 2))

    private static func output(_ text: String, _ channel: OutputChannel = .standardOutput) -> ExecEvent {
        .output(OutputChunk(channel: channel, offset: 0, bytes: Array(text.utf8)))
    }

    @Test("both streams and the end come back, each stream up to the limit, with what was dropped")
    func collects() async throws {
        let exec = ScriptedExec([Self.output("hello"), Self.output("no", .standardError), .ended(Self.ending)])
        let result = try await exec.collect(limit: 4)
        #expect(result.outputText == "hell")
        #expect(result.errorText == "no")
        #expect(result.dropped == OutputOffsets(standardOutput: 1))
        #expect(result.ending == Self.ending)
        #expect(exec.written == nil, "input that was not given must not be touched")
    }

    @Test("input is written and closed")
    func feeds() async throws {
        let exec = ScriptedExec([.ended(Self.ending)], endsAfterInput: true)
        _ = try await exec.collect(input: Array("abc".utf8))
        #expect(exec.written == "abc|closed")
    }

    @Test("input that a command no longer reads is dropped")
    func dropsRefusedInput() async throws {
        let exec = ScriptedExec(
            [Self.output("x"), .ended(Self.ending)], writeFailure: SandboxError(.conflict, "the input is closed"))
        #expect(try await exec.collect(input: [1, 2]).outputText == "x")
    }

    @Test("any other failure to write is thrown, although the command never ends")
    func throwsLostInput() async throws {
        let exec = ScriptedExec([], writeFailure: SandboxError(.unavailable, "the channel broke"))
        let error = await #expect(throws: SandboxError.self) { try await exec.collect(input: [1, 2]) }
        #expect(error?.code == .unavailable)
    }

    @Test("events that stop without an end are an error")
    func needsAnEnd() async throws {
        let exec = ScriptedExec([Self.output("x"), nil])
        let error = await #expect(throws: SandboxError.self) { try await exec.collect(input: []) }
        #expect(error?.code == .protocolViolation)
    }
}

/// An exec that tells what it was given to tell. After the last event it waits until it is cancelled.
private final class ScriptedExec: RunningExec {
    let id = ExecID.random()
    let processID: Int32? = nil
    private let script: Mutex<[ExecEvent?]>
    private let text = Mutex<String?>(nil)
    private let writeFailure: SandboxError?
    private let inputClosed = AsyncStream.makeStream(of: Void.self)
    private let endsAfterInput: Bool

    init(_ events: [ExecEvent?], endsAfterInput: Bool = false, writeFailure: SandboxError? = nil) {
        script = Mutex(events)
        self.endsAfterInput = endsAfterInput
        self.writeFailure = writeFailure
    }

    var written: String? { text.withLock { $0 } }

    var events: ExecEvents {
        ExecEvents {
            if self.endsAfterInput { for await _ in self.inputClosed.stream {} }
            let next: ExecEvent?? = self.script.withLock { $0.isEmpty ? nil : .some($0.removeFirst()) }
            if let next { return next }
            try await Task.sleep(for: .seconds(300))
            return nil
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        if let writeFailure { throw writeFailure }
        text.withLock { $0 = ($0 ?? "") + String(decoding: bytes, as: UTF8.self) }
    }
    func closeInput() async throws {
        text.withLock { $0 = ($0 ?? "") + "|closed" }
        inputClosed.continuation.finish()
    }
    func signal(_ signal: ExecSignal) async throws {}
    func resize(_ size: TerminalSize) async throws {}
    func cancel() async throws {}
    func detach() async {}
}

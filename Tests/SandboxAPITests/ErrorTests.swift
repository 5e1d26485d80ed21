import SandboxCore
import SystemPackage
import Testing

@testable import SandboxAPI

@Suite("Errors on the wire", .timeLimit(.minutes(10)))
struct ErrorTests {
    private func crossed(_ error: any Error) throws -> any Error {
        let bytes = try APICoding.encode(ErrorBody(ErrorBody.Failure(error, requestId: "req-1")))
        return try APICoding.decode(ErrorBody.self, from: bytes).error.asError
    }

    @Test("every code has a status, and comes back with all that it says", arguments: SandboxError.Code.all)
    func codes(_ code: SandboxError.Code) throws {
        let error = SandboxError(code, "what", remedy: "do", backend: try BackendID(validating: "docker"), cause: Errno.brokenPipe)
        let back = try #require(try crossed(error) as? SandboxError)
        #expect(back.code == code && back.message == "what" && back.remedy == "do" && back.backend?.rawValue == "docker")
        #expect((back.cause as? RemoteCause)?.text == "\(Errno.brokenPipe)")
        #expect((400..<600).contains(ErrorStatus.of(error)))
    }

    @Test("file refusals come back as they were, paths that are no text included", arguments: FileRefusal.Reason.allCases)
    func refusals(_ reason: FileRefusal.Reason) throws {
        let refusal = FileRefusal(reason, path: try FilePath(bytes: [0x61, 0xFF, 0x62]), message: "no")
        #expect(try crossed(refusal) as? FileRefusal == refusal)
        #expect((400..<600).contains(ErrorStatus.of(refusal)))
    }

    @Test("start failures come back as they were; anything else says nothing about itself")
    func others() throws {
        let failure = ExecStartFailure(.commandNotExecutable, "it is a directory")
        #expect(try crossed(failure) as? ExecStartFailure == failure)
        struct Secretive: Error { let password = "hunter2" }
        let told = try APICoding.encode(ErrorBody(ErrorBody.Failure(Secretive())))
        #expect(!String(decoding: told, as: UTF8.self).contains("hunter2"))
        #expect(ErrorStatus.of(Secretive()) == 500)
    }

    @Test("outcomes, endings and stream events cross unchanged")
    func endings() throws {
        let outcomes: [ExecOutcome] = [
            .exited(code: 3), .signaled(.kill, coreDumped: true), .timedOut, .cancelled, .lost(reason: "the sandbox died"),
        ]
        for outcome in outcomes {
            let ending = ExecEnding(
                outcome: outcome, offsets: OutputOffsets(standardOutput: 5, standardError: 1 << 40), survivors: 2,
                duration: .milliseconds(1500),
                processorTime: .microseconds(250), peakMemory: 1 << 33)
            let bytes = try APICoding.encode(StreamEvent.ended(EndingBody(ending)))
            guard case .ended(let back) = try APICoding.decode(StreamEvent.self, from: bytes) else {
                Issue.record("\(bytes)")
                continue
            }
            #expect(try back.ending() == ending)
        }
        for bytes in [Array("grüße".utf8), [0xC3], [], [0, 255]] as [[UInt8]] {
            let event = StreamEvent.output(OutputChunk(channel: .standardError, offset: 9, bytes: bytes))
            #expect(try APICoding.decode(StreamEvent.self, from: APICoding.encode(event)) == event)
        }
    }
}

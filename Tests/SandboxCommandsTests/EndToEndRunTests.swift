import CommandTesting
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(
    "The built command runs commands", .enabled(if: BuiltSandlot.canRun, "the executable or a backend is missing"), .timeLimit(.minutes(10))
)
struct EndToEndRunTests {
    @Test func bothStreamsAndTheStatusAreTheCommandsOwn() throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run("run", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
            #expect(result.text == "out\n")
            #expect(result.error == "err\n")
            #expect(result.status == 7)
        }
    }

    @Test func bytesPassUnchangedInBothDirections() throws {
        try BuiltSandlot.with { sandlot in
            let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) })
            let result = try sandlot.run("run", "--", "cat", input: bytes)
            #expect(result.status == 0)
            #expect(result.output == bytes)
        }
    }

    @Test func aCommandThatReadsNothingStillEnds() throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run("run", "true", input: Data(repeating: 65, count: 1_000_000))
            #expect(result.status == 0)
            #expect(result.error == "")
        }
    }

    @Test(
        arguments: [
            (["--timeout", "300ms", "--", "sleep", "60"], 124), (["--", "no-such-program"], 127), (["--", "/etc/passwd"], 126),
            (["--", "sh", "-c", "kill -9 $$"], 137), (["--memry", "1g", "true"], 125), (["-b", "nonsense", "true"], 125), ([], 125),
        ] as [([String], Int32)])
    func theExitStatusTellsWhatHappened(_ arguments: [String], _ status: Int32) throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run(["run"] + arguments)
            #expect(result.status == status)
            #expect(result.error.hasPrefix("sandlot: "))
        }
    }

    @Test func nothingIsLeftAfterwards() throws {
        try BuiltSandlot.with { sandlot in
            _ = try sandlot.run("run", "true")
            _ = try sandlot.run("run", "no-such-program")
            #expect(try sandlot.run("session", "list", "--json").line == "[]")
        }
    }

    @Test func variablesVolumesAndTheWorkspaceArrive() throws {
        try BuiltSandlot.with { sandlot in
            let work = sandlot.directory.appending(path: "work")
            try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
            try Data("inside\n".utf8).write(to: work.appending(path: "file"))
            let result = try sandlot.run(
                "run", "--workspace", work.path, "-v", "\(work.path):/data:ro", "-e", "A=1", "-e", "PASSED", "--", "sh", "-c",
                "cat file /data/file; echo $A $PASSED; touch new; touch /data/no 2>/dev/null || echo protected",
                environment: ["PASSED": "on"])
            #expect(result.text == "inside\ninside\n1 on\nprotected\n", "\(result.error)")
            #expect(FileManager.default.fileExists(atPath: work.appending(path: "new").path))
        }
    }

    @Test func aReaderThatGoesAwayEndsTheCommand() throws {
        try BuiltSandlot.with { sandlot in
            let line = "\"$1\" run -- yes | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}"
            let shell = try StartedCommand("/bin/bash", ["-c", line, "bash", sandlot.path], environment: sandlot.variables())
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 141)
        }
    }

    @Test func aTerminalIsGivenWhenAskedFor() throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run("run", "-t", "--", "sh", "-c", "test -t 1 && stty size")
            #expect(result.text == "24 80\r\n", "\(result.error)")
        }
    }

    @Test func anInterruptionReachesTheCommandAndItsAnswerCounts() throws {
        try BuiltSandlot.with { sandlot in
            let pipe = try TestPipe()
            let process = try StartedCommand(
                sandlot.path, ["run", "--", "sh", "-c", "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done"],
                environment: sandlot.variables(), output: pipe.writing)
            pipe.closeWriting()
            #expect(pipe.read() == Array("ready\n".utf8))
            kill(process.processIdentifier, SIGINT)
            #expect(pipe.readToEnd() == Array("caught\n".utf8))
            process.waitUntilExit()
            #expect(process.terminationStatus == 9)
        }
    }
}

import Foundation
import Testing

@Suite(
    "The built command runs commands", .enabled(if: BuiltSandlot.canRun, "the executable or a backend is missing"), .timeLimit(.minutes(2)))
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
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/bash")
            shell.arguments = ["-c", "\"$1\" run -- yes | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}", "bash", sandlot.path]
            shell.environment = ProcessInfo.processInfo.environment.merging([
                "SANDLOT_DATA_DIRECTORY": sandlot.directory.appending(path: "data").path
            ]) { $1 }
            try shell.run()
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
            let process = Process()
            process.executableURL = URL(fileURLWithPath: sandlot.path)
            process.arguments = ["run", "--", "sh", "-c", "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done"]
            process.environment = ProcessInfo.processInfo.environment.merging([
                "SANDLOT_DATA_DIRECTORY": sandlot.directory.appending(path: "data").path
            ]) { $1 }
            let pipe = Pipe()
            process.standardOutput = pipe.fileHandleForWriting
            process.standardInput = FileHandle.nullDevice
            try process.run()
            try pipe.fileHandleForWriting.close()
            #expect(pipe.fileHandleForReading.availableData == Data("ready\n".utf8))
            process.interrupt()
            #expect(try pipe.fileHandleForReading.readToEnd() == Data("caught\n".utf8))
            process.waitUntilExit()
            #expect(process.terminationStatus == 9)
        }
    }
}

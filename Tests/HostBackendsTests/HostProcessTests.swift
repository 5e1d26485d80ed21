import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@Suite struct HostProcessTests {
    private let keeper: ProcessKeeper
    init() throws { keeper = try ProcessKeeper() }

    @Test func aCommandsOutputAndStatusAreTold() async throws {
        let result = try await CommandRunner(keeper: keeper).run(
            "/bin/sh", ["-c", "cat; echo $A >&2; exit 3"], environment: ["A": "b"], input: Array("in".utf8))
        #expect(result.ending == .exited(3))
        #expect(result.outputText == "in")
        #expect(result.errorText == "b\n")
    }

    @Test func aCommandThatTakesTooLongIsKilled() async throws {
        let error = await #expect(throws: SandboxError.self) {
            try await CommandRunner(keeper: keeper).run("/bin/sleep", ["1000"], deadline: .milliseconds(50))
        }
        #expect(error?.code == .timeout)
    }

    @Test func outputBeyondTheLimitIsRefusedToTheCommand() async throws {
        let result = try await CommandRunner(keeper: keeper).run("/bin/sh", ["-c", "yes | head -c 100000"], outputLimit: 1000)
        #expect(result.standardOutput.count <= 1000)
    }

    @Test func aMissingProgramSaysWhich() async throws {
        let error = await #expect(throws: SandboxError.self) { try await CommandRunner(keeper: keeper).run("/nowhere/x", []) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("/nowhere/x") == true)
    }

    @Test func aProcessEndsForEveryWaiter() async throws {
        let process = try await keeper.spawn(SpawnRequest(executable: "/bin/sleep", arguments: ["sleep", "1000"]))
        async let first = process.wait()
        async let second = process.wait()
        #expect(process.identity.isAlive)
        #expect(try process.identity.signal(SIGKILL))
        #expect(try await [first, second] == [.signaled(9), .signaled(9)])
        #expect(!process.identity.isAlive)
        #expect(try process.identity.signal(SIGKILL) == false)
    }

    @Test func aRecycledPidIsNeverSignalled() async throws {
        let process = try await keeper.spawn(SpawnRequest(executable: "/bin/sleep", arguments: ["sleep", "1000"]))
        var other = process.identity
        other.startTime += 1
        #expect(!other.isAlive)
        #expect(try other.signal(SIGKILL) == false)
        var rebooted = process.identity
        rebooted.boot = "another"
        #expect(try rebooted.signal(SIGKILL) == false)
        #expect(process.identity.isAlive)
        try process.signal(SIGKILL)
        _ = try await process.wait()
    }

    @Test func aWaitThatIsCancelledEnds() async throws {
        let process = try await keeper.spawn(SpawnRequest(executable: "/bin/sleep", arguments: ["sleep", "1000"]))
        let waiting = Task { try await process.wait() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let gone = Task { try await keeper.waitUntilGone(process.identity) }
        gone.cancel()
        await #expect(throws: CancellationError.self) { try await gone.value }
        try process.signal(SIGKILL)
        _ = try await process.wait()
    }

    @Test func twoHundredProcessesEndOnOneThread() async throws {
        let endings = try await withThrowingTaskGroup(of: ProcessEnding.self) { group in
            for _ in 0..<200 {
                group.addTask { try await keeper.spawn(SpawnRequest(executable: "/bin/true", arguments: ["true"])).wait() }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(endings == Array(repeating: .exited(0), count: 200))
    }

    @Test func aProcessThatOutlivesItsKeeperIsReapedAllTheSame() async throws {
        var short: ProcessKeeper? = try ProcessKeeper()
        let process = try #require(
            try await short?.spawn(SpawnRequest(executable: "/bin/sleep", arguments: ["sleep", "1000"])))
        short = nil
        try process.signal(SIGKILL)
        #expect(try await process.wait() == .signaled(9))
    }

    @Test func aProcessBoundToItsKeeperEndsWithItAndIsReaped() async throws {
        var short: ProcessKeeper? = try ProcessKeeper()
        var request = SpawnRequest(executable: "/bin/sleep", arguments: ["sleep", "1000"])
        request.parentDeathSignal = SIGKILL
        let process = try #require(try await short?.spawn(request))
        short = nil
        #expect(try await process.wait() == .signaled(9))
    }

    @Test func theNameOfAProcessMayHoldAnything() {
        let entry = ProcessEntry(parsing: "42 (a) R 7 (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20")
        #expect(entry?.pid == 42)
        #expect(entry?.state == "S")
        #expect(entry?.parent == 1)
        #expect(entry?.startTime == 4711)
    }
}

@Suite struct HostDirectoryTests {
    @Test func aHostileTreeIsRemovedAndNothingElse() async throws {
        let root = temporaryDirectory.appending("sandlot-tree-\(UInt64.random(in: 0 ... .max))")
        try HostDirectory.create(root, mode: 0o700)
        let outside = FilePath(root.string + "-outside")
        try HostDirectory.create(outside, mode: 0o700)
        try HostDirectory.replace(outside.appending("kept"), with: [1])
        symlink(outside.string, root.appending("link").string)
        let raw: [CChar] = Array((root.string + "/").utf8CString.dropLast()) + [-1, -2, 0]
        close(open(raw, O_CREAT | O_WRONLY, 0o600))
        mkdir(root.appending("closed").string, 0o700)
        try HostDirectory.replace(root.appending("closed").appending("x"), with: [1])
        chmod(root.appending("closed").string, 0)
        // Deeper than any stack of descriptors.
        var folder = open(root.string, O_RDONLY | O_DIRECTORY)
        for _ in 0..<3000 {
            mkdirat(folder, "d", 0o700)
            let next = openat(folder, "d", O_RDONLY | O_DIRECTORY)
            close(folder)
            folder = next
        }
        close(folder)
        try await HostDirectory.remove(root)
        #expect(!HostDirectory.exists(root))
        #expect(try HostDirectory.contents(outside.appending("kept")) == [1])
        try await HostDirectory.remove(outside)
    }
}

import ArgumentParser
import SandboxCore
import SandboxEngine
import SystemPackage
import Testing

@testable import SandboxCommands

@Suite("Arguments become requests")
struct RequestTests {
    private func run(_ arguments: String...) throws -> RunCommand {
        try #require(try SandlotRoot.parseAsRoot(["run"] + arguments) as? RunCommand)
    }

    private func exec(_ command: RunCommand, own: [String: String] = [:], kind: DescriptorKind = .nothing) throws -> ExecRequest {
        try command.exec.request(command.command, environment: own, files: [], input: command.exec.input(kind), terminal: nil)
    }

    @Test func everyWordAfterTheCommandIsItsOwn() throws {
        let plain = try run("-e", "A=1", "ls", "-e", "--json", "--", "-m")
        #expect(try exec(plain).arguments == ["ls", "-e", "--json", "--", "-m"])
        let dashed = try run("--", "-weird", "--", "x")
        #expect(try exec(dashed).arguments == ["-weird", "--", "x"])
    }

    @Test func dockersFlagsMeanWhatTheyMeanThere() throws {
        let command = try run(
            "-e", "A=1", "--env", "B", "-w", "sub", "-v", "/a:/b:ro", "-m", "512m", "--cpus", "1.5", "--pids-limit", "64", "--network",
            "none", "-u",
            "1000:1000", "--name", "box", "--rm", "--timeout", "30", "true")
        let request = try command.sandbox.request(currentDirectory: "/here", limits: ResourceLimits())
        #expect(request.name == "box")
        #expect(request.mounts == [Mount(source: "/a", target: "/b", readOnly: true)])
        #expect(request.limits == ResourceLimits(memory: 512 << 20, processors: 1.5, processes: 64))
        #expect(request.network == NetworkPolicy.none)
        let started = try exec(command, own: ["B": "2"])
        #expect(started.environment == ["A": "1", "B": "2"])
        #expect(started.workingDirectory == "sub")
        #expect(started.user == "1000:1000")
        #expect(started.timeout == .seconds(30))
    }

    @Test func whatIsNotGivenIsLeftToTheSettings() throws {
        #expect(try run("true").sandbox.request(currentDirectory: "/here", limits: ResourceLimits(memory: 1)) == SessionRequest())
    }

    @Test func backendFloorAndImageAreTyped() throws {
        let command = try run("-b", "some-backend", "--isolation", "container", "--image", "./root", "--workspace", "/w:ro", "true")
        let request = try command.sandbox.request(currentDirectory: "/here", limits: ResourceLimits())
        #expect(request.backend == BackendID(unchecked: "some-backend"))
        #expect(request.floor == .container)
        #expect(request.image == .rootDirectory("/here/root"))
        #expect(request.workspace == .mounted("/w", readOnly: true))
        #expect(
            try run("--image", "debian:12", "true").sandbox.request(currentDirectory: "/", limits: ResourceLimits()).image
                == .reference("debian:12"))
    }

    @Test(arguments: [
        ["--isolation", "contaner", "true"], ["--network", "opne", "true"], ["--name", "Not Valid", "true"], ["-b", "No!", "true"],
        ["-v", "x", "true"],
    ])
    func aWrongWordIsRefused(_ arguments: [String]) throws {
        let command = try #require(try SandlotRoot.parseAsRoot(["run"] + arguments) as? RunCommand)
        #expect(throws: SandboxError.self) { try command.sandbox.request(currentDirectory: "/", limits: ResourceLimits()) }
    }

    @Test(arguments: [["--timeout", "0", "true"], ["--timeout", "soon", "true"], ["-e", "=1", "true"], [""], []])
    func aCommandThatMakesNoSenseIsRefused(_ arguments: [String]) throws {
        let command = try #require(try SandlotRoot.parseAsRoot(["run"] + arguments) as? RunCommand)
        #expect(throws: SandboxError.self) { try exec(command) }
    }

    @Test(arguments: [["--memry", "1g", "true"], ["--rm", "--keep", "true"], ["-i", "--no-input", "true"]])
    func anOptionThatDoesNotFitIsRefusedByTheParser(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try SandlotRoot.parseAsRoot(["run"] + arguments) }
    }

    @Test func inputIsPassedOnWhenSomebodyGaveSomeOrAskedForIt() throws {
        #expect(try exec(run("cat"), kind: .source).input == .stream)
        #expect(try exec(run("cat"), kind: .terminal).input == .none)
        #expect(try exec(run("cat"), kind: .nothing).input == .none)
        #expect(try exec(run("-i", "cat"), kind: .terminal).input == .stream)
        #expect(try exec(run("--no-input", "cat"), kind: .source).input == .none)
    }

    @Test func shortFlagsCanBeJoined() throws {
        let command = try run("-it", "bash")
        #expect(command.exec.interactive && command.exec.tty)
        #expect(try exec(command, own: ["TERM": "vt100"]).environment == ["TERM": "vt100"])
    }

    @Test func aPatchHoldsOnlyWhatIsChanged() throws {
        let command = try #require(
            try SandlotRoot.parseAsRoot(["session", "set", "work", "-m", "1g", "--idle-ttl", "0", "--sandbox", "off"]) as? SessionSet)
        #expect(
            try command.patch(over: ResourceLimits(processes: 5))
                == SessionPatch(sandbox: false, limits: ResourceLimits(memory: 1 << 30, processes: 5), idleTimeToLive: .never))
    }
}

import CSandlotSystem
import Glibc
import GuestProtocol
import Testing

@Suite("How a command ended", .serialized)
struct ExecTruthTests {
    let guest: GuestProcess
    let channel: HostChannel

    init() throws {
        guest = try GuestProcess()
        channel = try guest.connect()
    }

    @Test(arguments: [Int32(0), 1, 42, 124, 125, 126, 127, 255])
    func `an exit code is told as it was`(code: Int32) throws {
        let finished = try channel.run(.shell("exit \(code)"))
        #expect(finished.outcome == .exited(code: code))
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGHUP])
    func `a command that a signal ended is signaled, also when it sent the signal itself`(number: Int32) throws {
        let finished = try channel.run(.shell("ulimit -c 0; kill -\(number) $$", { $0.timeout = 20_000 }))
        #expect(finished.outcome == .signaled(number: number, coreDumped: false))
    }

    @Test func `a missing program and one that cannot be executed are told apart`() throws {
        #expect(try channel.run(.command(["no-such-program"])).failure?.code == .commandNotFound)
        #expect(try channel.run(.command(["/no/such/program"])).failure?.code == .commandNotFound)
        #expect(try channel.run(.command(["/etc/passwd"])).failure?.code == .commandNotExecutable)
        #expect(try channel.run(.command(["/"])).failure?.code == .commandNotExecutable)
    }

    @Test func `a script whose interpreter is missing exists but cannot be executed`() throws {
        let path = "\(temporaryDirectory)/sandlot-script-\(getpid())"
        _ = try channel.run(.shell("printf '#!/no/such/interpreter\\n' > \(path); chmod +x \(path)"))
        #expect(try channel.run(.command([path])).failure?.code == .commandNotExecutable)
        unlink(path)
    }

    @Test func `standard output and error are separate and counted`() throws {
        let finished = try channel.run(.shell("printf abc; printf defgh >&2"))
        #expect(finished.text == "abc")
        #expect(finished.errorText == "defgh")
        #expect(finished.end?.standardOutputEnd == 3)
        #expect(finished.end?.standardErrorEnd == 5)
        #expect(finished.end?.survivors == 0)
    }

    @Test func `the environment is exactly what was given`() throws {
        let finished = try channel.run(
            .command(["/usr/bin/env"], { $0.environment = ["A=1", "B=zwei drei", "LEER="].map { Array($0.utf8) } }))
        #expect(finished.text == "A=1\nB=zwei drei\nLEER=\n")
    }

    @Test func `a command starts in its working directory, and a wrong one is named`() throws {
        #expect(try channel.run(.command(["pwd"], { $0.workingDirectory = Array("/usr".utf8) })).text == "/usr\n")
        let missing = try channel.run(.command(["pwd"], { $0.workingDirectory = Array("/no/where".utf8) })).failure
        #expect(missing?.code == .notFound)
        #expect(missing?.path == Array("/no/where".utf8))
        #expect(try channel.run(.command(["pwd"], { $0.workingDirectory = Array("/etc/passwd".utf8) })).failure?.code == .notDirectory)
        #expect(try channel.run(.command(["pwd"], { $0.workingDirectory = Array("relative".utf8) })).failure?.code == .invalidArgument)
    }

    @Test func `a command has no descriptors but its three and a clean signal state`() throws {
        #expect(try channel.run(.shell("ls /proc/$$/fd")).text == "0\n1\n2\n")
        let finished = try channel.run(.command(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]))
        #expect(finished.text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
    }

    @Test func `an id that was started before is refused, so nothing runs twice`() throws {
        #expect(try channel.run(.shell("exit 0", id: "once")).outcome == .exited(code: 0))
        #expect(try channel.run(.shell("exit 0", id: "once")).failure?.code == .alreadyExists)
        #expect(try channel.ask(.forgetExec(id: "once")) == .done)
        #expect(try channel.status(of: "once") == nil)
    }

    @Test func `figures of the end are those of the command`() throws {
        let finished = try channel.run(.shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"))
        let end = try #require(finished.end)
        #expect(end.processorTime > 5000)
        #expect(end.duration >= end.processorTime / 4)
        #expect(end.peakMemory > 100)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a user is looked up by name, number and group`() throws {
        #expect(try channel.run(.shell("id -u; echo $USER", { $0.user = Array("nobody".utf8) })).text == "65534\nnobody\n")
        #expect(try channel.run(.shell("id -u; id -g; id -G", { $0.user = Array("12345:daemon".utf8) })).text == "12345\n1\n1\n")
        #expect(try channel.run(.shell("id -u", { $0.user = Array("0".utf8) })).text == "0\n")
        #expect(try channel.run(.shell("true", { $0.user = Array("nosuchuser".utf8) })).failure?.code == .notFound)
        #expect(try channel.run(.shell("true", { $0.user = Array("root:nosuchgroup".utf8) })).failure?.code == .notFound)
    }

    @Test func `nothing stays behind as a zombie`() throws {
        for _ in 0..<50 { _ = try channel.run(.shell("(sleep 0 &) ; true")) }
        var zombies: [Int32] = []
        for _ in 0..<1000 {
            // Every answered ping is a turn of the guest's loop, which reaps.
            try channel.ping()
            zombies = processes { parent, _, state in parent == guest.pid && state == "Z" }
            if zombies.isEmpty { break }
        }
        #expect(zombies.isEmpty)
    }
}

import CSandlotSystem
import Glibc
import GuestProtocol
import Testing

@Suite("How a guest is started and reached", .serialized)
struct ServingTests {
    /// A guest at the other end of a socket pair.
    private func pair(_ arguments: [String], at targets: [Int32], and others: [(Int32, Int32)] = []) throws -> (HostChannel, Spawning) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { throw TestFailure("no pair") }
        defer { close(ends[1]) }
        let spawned = try Spawning(
            [GuestProcess.executable, "serve"] + arguments, descriptors: [(2, 2)] + targets.map { (ends[1], $0) } + others)
        return (HostChannel(ends[0]), spawned)
    }

    private func reap(_ spawned: Spawning) throws -> Int32 {
        defer { close(spawned.pidfd) }
        guard isReadable(spawned.pidfd, within: 10_000) else { throw TestFailure("the guest does not end") }
        var status: Int32 = 0
        waitpid(spawned.pid, &status, 0)
        return sandlot_exit_code(status)
    }

    @Test func `over standard streams it ends with them and takes its commands along`() throws {
        let spawned: Spawning
        let witness: Witness
        do {
            let (channel, guest) = try pair(["--stdio"], at: [0, 1])
            spawned = guest
            try channel.greet()
            #expect(try channel.run(.shell("echo over stdio")).text == "over stdio\n")
            witness = try Witness(try channel.start(.command(["sleep", "1000"])).pid)
        }
        #expect(try reap(spawned) == 0)
        #expect(witness.isDead(within: 10_000))
    }

    @Test func `over one socket it ends with it`() throws {
        let spawned: Spawning
        do {
            let (channel, guest) = try pair(["--connect-fd", "5", "--cwd", "/usr", "--sandbox", "s1"], at: [5])
            spawned = guest
            #expect(try channel.greet().workingDirectory == Array("/usr".utf8))
            #expect(try channel.run(.command(["pwd"])).text == "/usr\n")
        }
        #expect(try reap(spawned) == 0)
    }

    @Test func `a guest whose birth is not recorded ends without serving`() throws {
        var birth: [Int32] = [-1, -1]
        #expect(sandlot_pipe(&birth) == 0)
        let (channel, spawned) = try pair(["--connect-fd", "5", "--birth-fd", "6"], at: [5], and: [(birth[0], 6)])
        close(birth[0])
        channel.send(.hello(HostHello()))
        close(birth[1])
        #expect(channel.isClosedByGuest())
        #expect(try reap(spawned) == 0)
    }

    @Test func `a guest whose birth is recorded serves`() throws {
        var birth: [Int32] = [-1, -1]
        #expect(sandlot_pipe(&birth) == 0)
        let (channel, spawned) = try pair(["--connect-fd", "5", "--birth-fd", "6"], at: [5], and: [(birth[0], 6)])
        close(birth[0])
        #expect(write(birth[1], [1], 1) == 1)
        try channel.greet()
        #expect(try channel.ask(.shutdown(grace: 0)) == .done)
        #expect(try reap(spawned) == 0)
        close(birth[1])
    }

    @Test func `a wrong command line is refused with its reason`() throws {
        let (_, spawned) = try pair(["--connect-fd", "99"], at: [5])
        #expect(try reap(spawned) == 2)
    }

    @Test func `SIGTERM ends the guest and everything it runs`() throws {
        let guest = try GuestProcess()
        let channel = try guest.connect()
        let witness = try Witness(try channel.start(.command(["sleep", "1000"])).pid)
        kill(guest.pid, SIGTERM)
        #expect(witness.isDead(within: 10_000))
        #expect(guest.ends())
    }

    @Test func `files go through the same channel, beside a busy command`() throws {
        let guest = try GuestProcess()
        let channel = try guest.connect()
        _ = try channel.start(.shell("yes"))
        let path = Array("\(temporaryDirectory)/sandlot-serving-\(getpid())".utf8)
        #expect(try channel.ask(.writeFile(path: path, options: WriteOptions(), content: Array("content".utf8))) == .done)
        #expect(try channel.ask(.readFile(path: path, offset: 3, length: 100)) == .data(bytes: Array("tent".utf8), endOfFile: true))
        #expect(try channel.ask(.remove(path: path, recursive: false)) == .done)
        #expect(throws: GuestFailure.self) { try channel.ask(.readFile(path: path, offset: 0, length: 1)) }
    }

    @Test(.enabled(if: geteuid() == 0)) func `a guest without privileges refuses to change the user and says so`() throws {
        let guest = try GuestProcess(wrapper: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        let channel = try guest.connect()
        #expect(try channel.run(.shell("id -u", { $0.user = Array("nobody".utf8) })).text == "65534\n")
        #expect(try channel.run(.shell("id -u", { $0.user = Array("root".utf8) })).failure?.code == .denied)
    }

    @Test func `a hundred commands at once each get their own output`() throws {
        let guest = try GuestProcess()
        let channel = try guest.connect()
        let streams = (0..<100).map { number in channel.request(.startExec(.shell("echo \(number); exit \(number)"))) }
        for (number, stream) in streams.enumerated() {
            let finished = try channel.collect(stream)
            #expect(finished.text == "\(number)\n")
            #expect(finished.outcome == .exited(code: Int32(number)))
        }
    }

    @Test func `thousands of commands on one channel leave no memory and no descriptors behind`() throws {
        let guest = try GuestProcess()
        let channel = try guest.connect()
        func descriptors() throws -> Int {
            try channel.run(.shell("ls /proc/\(guest.pid)/fd | wc -l", id: "fds")).text.split(separator: "\n").first.flatMap { Int($0) }
                ?? -1
        }
        func cycle(_ count: Int, _ prefix: String) throws {
            for number in 0..<count {
                _ = try channel.run(.command(["/bin/true"], id: "\(prefix)\(number)"))
                _ = try channel.ask(.forgetExec(id: "\(prefix)\(number)"))
            }
        }
        try cycle(300, "a")
        let before = (guest.residentMemory, try descriptors())
        _ = try channel.ask(.forgetExec(id: "fds"))
        try cycle(1000, "b")
        #expect(guest.residentMemory - before.0 < 1024)
        if before.1 > 0 { #expect(try descriptors() <= before.1 + 2) }
    }
}

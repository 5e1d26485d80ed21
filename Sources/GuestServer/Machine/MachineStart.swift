internal import CSandlotMachine
internal import CSandlotSystem
internal import Glibc

/// What the guest does as the first process of a virtual machine that starts from memory: it loads the drivers, waits to be told which
/// sandbox it becomes, makes that sandbox' root, and starts two processes beside itself: one serves, the other connects the host's ports
/// with it. It ends the machine when either ends.
public struct MachineStart {
    private static let door = "/.sandlot/door"

    /// Has nothing to be told: what it needs to know before the host speaks is on the kernel's command line.
    public init() {}

    /// Returns only in the process that serves, with what it serves.
    public func run() throws(StartFailure) -> GuestOptions {
        guard getpid() == 1 else { throw StartFailure("only the first process can make a machine") }
        do throws(StartFailure) {
            return try become()
        } catch {
            MachineStart.say("\(error.message) (errno \(error.errno))")
            sandlot_machine_end()
            throw error
        }
    }

    private func become() throws(StartFailure) -> GuestOptions {
        umask(0o022)
        try MachineRoot.prepare()
        MachineStart.openConsole()
        try MachineDevices.loadModules("/modules")
        try MachineRoot.mountImage(try MachineDevices.disk("image"))
        let ways = try HostWays()
        var first = try ways.first()
        let birth = try first.awaitBirth()
        do throws(StartFailure) {
            let options = try prepare(birth, ways)
            try first.say("SANDLOT-BORN")
            first.end()
            return try divide(ways, options)
        } catch {
            try? first.say("SANDLOT-FAILED \(error.message) (errno \(error.errno))")
            throw error
        }
    }

    private func prepare(_ birth: MachineBirth, _ ways: HostWays) throws(StartFailure) -> GuestOptions {
        // Before anything else draws a random number.
        guard birth.entropy.withUnsafeBytes({ sandlot_machine_add_entropy($0.baseAddress, $0.count) }) == 0 else {
            throw StartFailure("cannot seed the random numbers", errno: errno)
        }
        if let clock = birth.clock, sandlot_machine_set_clock(clock.seconds, clock.nanoseconds) != 0 {
            throw StartFailure("cannot set the clock", errno: errno)
        }
        // What a sandbox provokes the kernel to say must not fill the host's file.
        try MachineRoot.write("/proc/sys/kernel/printk", "1 4 1 1")
        _ = sandlot_machine_loopback_up()
        try MachineRoot.enter(try MachineDevices.disk("scratch"), birth)
        try MachineRoot.makeGroup(birth.limits)
        do {
            return try GuestOptions(
                ways.listening(birth, door: MachineStart.door) + [
                    "--become", birth.user, "--hostname", birth.hostname, "--own", birth.home, "--own",
                    birth.workspace, "--own", "/.sandlot/state", "--filter-calls", "--own-cgroups", "/sys/fs/cgroup", "--cwd",
                    birth.workspace,
                    "--sandbox", birth.sandbox,
                ])
        } catch {
            throw StartFailure(error.message)
        }
    }

    private func divide(_ ways: HostWays, _ options: GuestOptions) throws(StartFailure) -> GuestOptions {
        // -1, which is no process, where the host's connections reach the guest by themselves.
        let relay = try ways.relay(to: MachineStart.door + "/guest")
        // The kernel's own threads and this process are not for the sandbox to see.
        guard sandlot_machine_separate_children() == 0 else { throw StartFailure("cannot separate processes", errno: errno) }
        let server = sandlot_machine_fork()
        guard server >= 0 else { throw StartFailure("cannot fork", errno: errno) }
        if server == 0 {
            try MachineRoot.joinGroup()
            try MachineRoot.mountProcesses()
            return options
        }
        while true {
            let ended = sandlot_machine_wait()
            guard ended > 0, ended != relay, ended != server else { break }
        }
        sandlot_machine_end()
        exit(0)
    }

    private static func openConsole() {
        let console = open("/dev/console", O_RDWR | O_NOCTTY)
        guard console >= 0 else { return }
        for number: Int32 in 0...2 where number != console { dup2(console, number) }
        if console > 2 { close(console) }
    }

    private static func say(_ text: String) {
        let line = Array("sandlot-guest: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

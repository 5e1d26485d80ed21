internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// The descriptors between the guest and a command: three pipes, or a pseudo-terminal.
struct ExecPipes {
    /// The guest's ends; -1 where there is none. For a terminal `input` and `output` are the master.
    private(set) var input: Int32 = -1
    private(set) var output: Int32 = -1
    private(set) var error: Int32 = -1
    /// The command's ends.
    private(set) var commandSide = CommandPlan.Descriptors(input: -1, output: -1, error: -1, isTerminal: false)

    init(terminal: WindowSize?, hasInput: Bool) throws(GuestFailure) {
        do {
            if let terminal { try openTerminal(terminal) } else { try openPipes(hasInput: hasInput) }
        } catch {
            closeAll()
            throw error
        }
    }

    func closeCommandSide() {
        var closed: [Int32] = []
        for descriptor in [commandSide.input, commandSide.output, commandSide.error] where descriptor >= 0 && !closed.contains(descriptor) {
            close(descriptor)
            closed.append(descriptor)
        }
    }

    func closeAll() {
        closeCommandSide()
        for descriptor in [input, output, error] where descriptor >= 0 { close(descriptor) }
    }

    private mutating func openTerminal(_ size: WindowSize) throws(GuestFailure) {
        var master: Int32 = -1
        var slave: Int32 = -1
        guard sandlot_pty_open(&master, &slave, size.columns, size.rows) == 0 else {
            throw GuestFailure(.unsupported, errno: errno, message: "the sandbox has no pseudo-terminals")
        }
        commandSide = CommandPlan.Descriptors(input: slave, output: slave, error: slave, isTerminal: true)
        output = master
        // A second number for the same master, so that reading and writing are watched apart.
        input = fcntl(master, F_DUPFD_CLOEXEC, 3)
        guard input >= 0 else { throw ExecPipes.exhausted() }
    }

    private mutating func openPipes(hasInput: Bool) throws(GuestFailure) {
        if hasInput {
            let pipe = try ExecPipes.pipe()
            (commandSide.input, input) = (pipe.reading, pipe.writing)
            sandlot_set_nonblocking(input)
        } else {
            commandSide.input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if commandSide.input < 0 {
                // A root file system without /dev: a pipe that nobody writes to reads the same.
                let pipe = try ExecPipes.pipe()
                close(pipe.writing)
                commandSide.input = pipe.reading
            }
        }
        let first = try ExecPipes.pipe()
        (output, commandSide.output) = (first.reading, first.writing)
        let second = try ExecPipes.pipe()
        (error, commandSide.error) = (second.reading, second.writing)
        sandlot_set_nonblocking(output)
        sandlot_set_nonblocking(error)
    }

    private static func pipe() throws(GuestFailure) -> (reading: Int32, writing: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) { sandlot_pipe($0.bindMemory(to: Int32.self).baseAddress) }
        guard result == 0 else { throw exhausted() }
        return (ends.0, ends.1)
    }

    private static func exhausted() -> GuestFailure {
        GuestFailure(.limitExceeded, errno: errno, message: "the guest has no descriptors left")
    }
}

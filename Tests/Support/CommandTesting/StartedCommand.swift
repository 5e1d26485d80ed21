#if canImport(Glibc)
    public import Glibc
#elseif canImport(Musl)
    public import Musl
#else
    public import Darwin
#endif

/// A process that a test started. Foundation's own class is not used: it crashed in a process with many descriptors and threads.
public final class StartedCommand {
    public let processIdentifier: pid_t
    private var waitStatus: Int32?

    /// It could not be started.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Starts an executable. A stream without a descriptor is `/dev/null`; nothing else is inherited that is not close-on-exec.
    public init(
        _ path: String, _ arguments: [String], environment: [String: String], input: Int32? = nil, output: Int32? = nil, error: Int32? = nil
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Copies first, so that no target's number can take the place of another's source.
        let copies = [input, output, error].map { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 3) } }
        defer { for case .some(let copy) in copies { close(copy) } }
        for (number, copy) in copies.enumerated() {
            let target = Int32(number)
            if let copy {
                posix_spawn_file_actions_adddup2(&actions, copy, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The thread that a test runs on holds signals back, and what is started would do so too: it could not be ended.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
        guard status == 0 else { throw Failure(description: "\(path) cannot be started: errno \(status)") }
        processIdentifier = pid
    }

    /// False once it has ended; its status is then known.
    public var isRunning: Bool { waitStatus == nil && !collect(WNOHANG) }

    /// Waits for its end.
    public func waitUntilExit() { while waitStatus == nil { _ = collect(0) } }

    /// The signal that ended it, if one did.
    public var signal: Int32? {
        let number = (waitStatus ?? 0) & 0x7F
        return number == 0 ? nil : number
    }

    /// The exit code, or 128 plus the signal.
    public var terminationStatus: Int32 { signal.map { 128 + $0 } ?? (waitStatus ?? 0) >> 8 & 0xFF }

    private func collect(_ options: Int32) -> Bool {
        var status: Int32 = 0
        guard waitpid(processIdentifier, &status, options) == processIdentifier else { return false }
        waitStatus = status
        return true
    }
}

/// A pipe whose ends no other child inherits.
public struct TestPipe {
    public let reading: Int32
    public let writing: Int32

    /// Makes one.
    public init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw StartedCommand.Failure(description: "no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
    }

    /// Reads once; empty at the end.
    public func read(limit: Int = 65536) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = systemRead(reading, &buffer, limit)
        return Array(buffer.prefix(max(0, count)))
    }

    /// Reads to the end and closes.
    public func readToEnd() -> [UInt8] {
        var all: [UInt8] = []
        while case let piece = read(), !piece.isEmpty { all += piece }
        close(reading)
        return all
    }

    /// Closes our copy of the writing end.
    public func closeWriting() { close(writing) }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int { read(descriptor, buffer, count) }

import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A process that a test started. Foundation's own class is not used: it crashed in a process with many descriptors and threads.
final class StartedCommand {
    let processIdentifier: pid_t
    private(set) var waitStatus: Int32?

    init(_ processIdentifier: pid_t) { self.processIdentifier = processIdentifier }

    /// False once it has ended; its status is then known.
    var isRunning: Bool { waitStatus == nil && !collect(WNOHANG) }

    /// Waits for its end.
    func waitUntilExit() { while waitStatus == nil { _ = collect(0) } }

    /// The exit code, or 128 plus the signal.
    var terminationStatus: Int32 {
        let status = waitStatus ?? 0
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    private func collect(_ options: Int32) -> Bool {
        var status: Int32 = 0
        guard waitpid(processIdentifier, &status, options) == processIdentifier else { return false }
        waitStatus = status
        return true
    }
}

/// The executable that this build made, next to the test bundle.
struct BuiltCommand {
    let path: String
    let dataDirectory: String

    /// Nil when the executable was not built; the suites that need it are then skipped with that reason.
    static var location: String? {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let path = URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: "sandlot").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Starts the command; output goes to the descriptor, or nowhere. A settings file of the machine is not read.
    func start(_ arguments: [String], output: Int32? = nil, environment: [String: String] = [:]) throws -> StartedCommand {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for target: Int32 in [1, 2] {
            if let output {
                posix_spawn_file_actions_adddup2(&actions, output, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_WRONLY, 0)
            }
        }
        let variables = ProcessInfo.processInfo.environment
            .merging(["SANDLOT_DATA_DIRECTORY": dataDirectory, "SANDLOT_CONFIG": "/dev/null"]) { $1 }
            .merging(environment) { $1 }
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, path, &actions, nil, &argv, &envp)
        try #require(status == 0, "\(path) cannot be started: errno \(status)")
        return StartedCommand(pid)
    }

    /// Runs to the end and returns exit status and output.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (status: Int32, output: String) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // Another test's child must not hold our end open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let process = try start(arguments, output: ends[1], environment: environment)
        close(ends[1])
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(ends[0], &buffer, buffer.count), count > 0 { bytes += buffer.prefix(count) }
        close(ends[0])
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}

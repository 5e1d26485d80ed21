import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Cleans up behind the user's back: a process of its own, so that no command waits for it, and at most one a minute.
enum BackgroundReaping {
    private static let interval = 60

    /// Starts the process when the stamp in the data directory is older than a minute. Failing to clean up never fails a command.
    static func startIfDue(_ runtime: SandlotRuntime, environment: [String: String]) {
        let stamp = runtime.dataDirectory.appending("reaped").string
        var status = stat()
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        #if canImport(Darwin)
            let isRecent = stat(stamp, &status) == 0 && abs(now.tv_sec - status.st_mtimespec.tv_sec) < interval
        #else
            let isRecent = stat(stamp, &status) == 0 && abs(now.tv_sec - status.st_mtim.tv_sec) < interval
        #endif
        guard !isRecent else { return }
        let file = open(stamp, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        futimens(file, nil)
        close(file)
        spawn(["sandlot", "reap", "--background", "--data-directory", runtime.dataDirectory.string], environment)
    }

    private static func spawn(_ arguments: [String], _ environment: [String: String]) {
        #if os(Linux)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for descriptor in 0...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
        }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // 0x80 is POSIX_SPAWN_SETSID, which Swift does not see.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | 0x80)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in argv + envp { free(pointer) }
        }
        var process = pid_t()
        _ = posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &argv, &envp)
    }
}

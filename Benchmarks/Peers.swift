import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What we measure ourselves against: the same work without Sandlot.
enum Peers {
    /// `posix_spawn` and `waitpid` of one program, as plain as it gets; `quietly` drops its standard output.
    static func spawn(_ arguments: [String], quietly: Bool = false) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if quietly { posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) }
        var pid: pid_t = 0
        let copies = arguments.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        let status = posix_spawnp(&pid, arguments[0], &actions, nil, copies + [nil], environ)
        guard status == 0 else { throw BenchmarkFailure("posix_spawn of \(arguments[0]) failed with errno \(status)") }
        var result: Int32 = 0
        while waitpid(pid, &result, 0) < 0 && errno == EINTR { continue }
        guard result == 0 else { throw BenchmarkFailure("\(arguments[0]) ended with wait status \(result)") }
    }

    /// A bare `bwrap` with all namespaces and the system directories that a program needs.
    static let bubblewrap = [
        "bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
        "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "true",
    ]

    /// Many spawns at once, on as many threads.
    static func spawnAtOnce(_ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { try spawn(["/bin/true"]) } }
            try await group.waitForAll()
        }
    }

    /// Gigabytes per second through a bare pipe, read in 256 KiB pieces.
    static func pipe(gigabytes: Int) throws -> Double {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw BenchmarkFailure("pipe failed") }
        _ = fcntl(ends[1], 1031 /* F_SETPIPE_SZ, a macro that Swift does not see */, 1 << 20)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        let line = ["head", "-c", "\(gigabytes)G", "/dev/zero"]
        let words = line.map { strdup($0) }
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        let start = ContinuousClock.now
        guard posix_spawnp(&pid, "head", &actions, nil, words + [nil], environ) == 0 else { throw BenchmarkFailure("head cannot run") }
        close(ends[1])
        var total = 0
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(ends[0], buffer, 256 << 10)
            if count <= 0 { break }
            total += count
        }
        close(ends[0])
        var result: Int32 = 0
        waitpid(pid, &result, 0)
        return Double(total) / 1e9 / seconds(since: start)
    }

    static func seconds(since start: ContinuousClock.Instant) -> Double {
        let elapsed = ContinuousClock.now - start
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    }
}

/// The benchmark itself went wrong.
struct BenchmarkFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

import CSandlotSystem
import Glibc
import Testing

@Suite("Spawning a process", .serialized)
struct SpawnTests {
    /// Runs a shell line and returns its output and exit code.
    private func run(_ line: String, _ configure: (inout sandlot_spawn_request) -> Void = { _ in }) throws -> (output: String, code: Int32)
    {
        var ends: [Int32] = [-1, -1]
        guard sandlot_pipe(&ends) == 0 else { throw TestFailure("no pipe") }
        defer { close(ends[0]) }
        let spawned: Spawning
        do {
            defer { close(ends[1]) }
            spawned = try Spawning(["sh", "-c", line], descriptors: [(ends[1], 1), (ends[1], 2)], configure)
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let got = read(ends[0], &buffer, buffer.count)
            guard got > 0 else { break }
            bytes += buffer[..<got]
        }
        var status: Int32 = 0
        waitpid(spawned.pid, &status, 0)
        close(spawned.pidfd)
        return (String(decoding: bytes, as: UTF8.self), sandlot_exit_code(status))
    }

    @Test func `every failure tells the step and the kernel's number`() {
        func failure(_ arguments: [String], _ configure: (inout sandlot_spawn_request) -> Void = { _ in }) -> SpawnFailure? {
            do {
                let spawned = try Spawning(arguments, descriptors: [], configure)
                var status: Int32 = 0
                waitpid(spawned.pid, &status, 0)
                close(spawned.pidfd)
                return nil
            } catch { return error as? SpawnFailure }
        }
        #expect(failure(["true"]) == nil)
        #expect(failure(["no-such"]) == SpawnFailure(stage: SANDLOT_STAGE_EXEC.rawValue, error: ENOENT))
        #expect(failure(["/etc/passwd"]) == SpawnFailure(stage: SANDLOT_STAGE_EXEC.rawValue, error: EACCES))
        "/no/where".withCString { path in
            #expect(failure(["true"]) { $0.cwd = path } == SpawnFailure(stage: SANDLOT_STAGE_DIRECTORY.rawValue, error: ENOENT))
            withUnsafePointers([path, nil]) { list in
                #expect(failure(["true"]) { $0.cgroups = list } == SpawnFailure(stage: SANDLOT_STAGE_CGROUP.rawValue, error: ENOENT))
            }
        }
        #expect(failure(["true"]) { $0.controlling_terminal = 0 }?.stage == SANDLOT_STAGE_TERMINAL.rawValue)
    }

    private func withUnsafePointers(_ list: [UnsafePointer<CChar>?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Void) {
        list.withUnsafeBufferPointer { body($0.baseAddress) }
    }

    @Test func `limits, umask and session are those of the request`() throws {
        let limits = [sandlot_rlimit(resource: 7, soft: 77, hard: 99)]
        let result = try limits.withUnsafeBufferPointer { limits in
            try run("ulimit -Sn; ulimit -Hn; umask; cut -d' ' -f1,6 /proc/$$/stat") {
                $0.limits = limits.baseAddress
                $0.limit_count = limits.count
                $0.umask = 0o27
                $0.flags = UInt32(SANDLOT_SPAWN_SETSID)
            }
        }
        let lines = result.output.split(separator: "\n")
        #expect(lines.prefix(3) == ["77", "99", "0027"])
        let session = try #require(lines.last).split(separator: " ")
        #expect(session.first == session.last)
    }

    @Test func `the default filter lets programs work and takes the kernel's sharp edges away`() throws {
        var filter = [sock_filter](repeating: sock_filter(), count: 512)
        let count = sandlot_seccomp_default(&filter, filter.count, 0)
        #expect(count > 100)
        #expect(sandlot_seccomp_default(&filter, 10, 0) == -1)
        let line = """
            echo works | cat; unshare -U true 2>/dev/null && echo namespaces; unshare -m true 2>/dev/null && echo mounts
            mount -t tmpfs none /mnt 2>/dev/null && echo mounted; dmesg -S >/dev/null 2>&1 && echo log
            grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
            """
        let result = try filter.withUnsafeBufferPointer { filter in
            try run(line) {
                $0.filter = filter.baseAddress
                $0.filter_count = UInt16(count)
                $0.flags = UInt32(SANDLOT_SPAWN_NO_NEW_PRIVS)
            }
        }
        #expect(result.output == "works\nNoNewPrivs:\t1\nSeccomp:\t2\n")
    }
}

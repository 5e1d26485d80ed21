import CSandlotSystem
import Glibc
import GuestProtocol
import Testing

/// A folder with nothing but the guest and a static busybox, to be used as root.
final class EmptyRoot {
    let path: String

    init() throws {
        var template = Array("\(temporaryDirectory)/sandlot-root-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        try copy(GuestProcess.executable, to: "\(path)/guest")
        try copy("/usr/bin/busybox", to: "\(path)/busybox")
    }

    deinit { removeTree(path) }

    /// Makes it look like a small distribution.
    func addDistribution() throws {
        for folder in ["bin", "etc", "proc", "dev", "tmp", "home"] { mkdir("\(path)/\(folder)", 0o755) }
        for name in ["sh", "ls", "id", "sleep", "cat", "setsid", "true", "echo", "kill", "ps", "tty"] {
            symlink("/busybox", "\(path)/bin/\(name)")
        }
        try write("root:x:0:0:root:/root:/bin/sh\ndev:x:1000:1000::/home/dev:/bin/sh\n", to: "\(path)/etc/passwd")
        try write("root:x:0:\ndev:x:1000:\naudio:x:18:dev\n", to: "\(path)/etc/group")
    }

    func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestFailure("cannot write \(path)") }
        defer { close(descriptor) }
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    private func copy(_ source: String, to target: String) throws {
        // By another process: a descriptor of ours open for writing could be inherited by a child of another test, and the copy not be executable.
        let copying = try Spawning(["cp", source, target], descriptors: [(2, 2)])
        var status: Int32 = 0
        close(copying.pidfd)
        guard waitpid(copying.pid, &status, 0) == copying.pid, status == 0 else { throw TestFailure("cannot copy \(source)") }
    }

    private func removeTree(_ path: String) {
        guard let folder = opendir(path) else {
            unlink(path)
            return
        }
        while let entry = readdir(folder) {
            let type = entry.pointee.d_type
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            if type == UInt8(DT_DIR) { removeTree("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}

@Suite("Any root file system", .serialized, .enabled(if: geteuid() == 0 && access("/usr/bin/busybox", X_OK) == 0))
struct RootFileSystemTests {
    @Test func `the guest runs where there is nothing but itself and one program`() throws {
        let root = try EmptyRoot()
        let guest = try GuestProcess(wrapper: ["chroot", root.path], guest: "/guest")
        let channel = try guest.connect()
        #expect(try channel.run(.command(["/busybox", "echo", "hello"])).text == "hello\n")
        #expect(try channel.run(.command(["/busybox", "cat"])).outcome == .exited(code: 0))
        #expect(
            try channel.run(.command(["/busybox", "tty"], { $0.terminal = WindowSize(columns: 80, rows: 24) })).failure?.code
                == .unsupported)
        #expect(try channel.run(.command(["/nothing"])).failure?.code == .commandNotFound)
    }

    @Test func `a daemon is killed even without a proc file system`() throws {
        let root = try EmptyRoot()
        // A shell gives its background jobs this file as input.
        mkdir("\(root.path)/dev", 0o755)
        try root.write("", to: "\(root.path)/dev/null")
        let guest = try GuestProcess(wrapper: ["chroot", root.path], guest: "/guest")
        let channel = try guest.connect()
        let line =
            "/busybox setsid /busybox sh -c '(/busybox setsid /busybox sh -c \"echo \\$\\$; exec /busybox sleep 1000\" &)' & /busybox sleep 1000"
        let stream = channel.request(.startExec(.command(["/busybox", "sh", "-c", line], { $0.timeout = 500 })))
        let begun = try channel.collect(stream) { $0.text.hasSuffix("\n") }
        let daemon = try Witness(Int32(begun.text.dropLast()) ?? 0)
        #expect(try channel.collect(stream, into: begun).outcome == .timedOut)
        #expect(daemon.isDead())
    }

    private func container(_ root: EmptyRoot) throws -> GuestProcess {
        try GuestProcess(
            wrapper: [
                "bwrap", "--bind", root.path, "/", "--proc", "/proc", "--dev", "/dev", "--unshare-pid", "--as-pid-1", "--die-with-parent",
                "--",
            ],
            guest: "/guest")
    }

    @Test(.enabled(if: access("/usr/bin/bwrap", X_OK) == 0))
    func `as process 1 of a small distribution it serves users, terminals and trees`() throws {
        let root = try EmptyRoot()
        try root.addDistribution()
        let guest = try container(root)
        let channel = try guest.connect(greeting: false)
        #expect(try channel.greet().pid == 1)
        #expect(
            try channel.run(.shell("id -u; id -G; echo $HOME $USER", { ($0.user, $0.environment) = (Array("dev".utf8), []) })).text
                == "1000\n1000 18\n/home/dev dev\n")
        #expect(
            try channel.run(.shell("tty", { ($0.terminal, $0.environment) = (WindowSize(columns: 80, rows: 24), []) })).text
                == "/dev/pts/0\r\n")
        #expect(try channel.run(.shell("(setsid sleep 1000 &); sleep 1000", { $0.timeout = 200 })).outcome == .timedOut)
        // Only the guest, and the shell that looks.
        let left = try channel.run(.shell("set -- /proc/[0-9]*; for p; do read -r line < $p/stat && echo \"$line\"; done 2>/dev/null")).text
        #expect(left.split(separator: "\n").filter { $0.contains("sleep") }.isEmpty)
    }

    @Test(.enabled(if: access("/usr/bin/bwrap", X_OK) == 0))
    func `process 1 survives a command that kills everything, and leaves no zombies`() throws {
        let root = try EmptyRoot()
        try root.addDistribution()
        let guest = try container(root)
        let channel = try guest.connect()
        let bystander = channel.request(.startExec(.shell("echo up; (setsid sleep 1000 &); sleep 1000")))
        _ = try channel.collect(bystander) { $0.text == "up\n" }
        let killer = try channel.run(.shell("kill -9 -1; sleep 1000"))
        #expect(killer.outcome == .lost)
        #expect(try channel.collect(bystander).outcome == .lost)
        var left = ""
        for _ in 0..<200 {
            left = try channel.run(
                .shell(
                    "for p in /proc/[0-9]*; do read -r line < $p/stat && case \"$line\" in *') Z '*|*sleep*) echo \"$line\";; esac; done 2>/dev/null; true"
                )
            ).text
            if left.isEmpty { break }
        }
        #expect(left == "")
    }
}

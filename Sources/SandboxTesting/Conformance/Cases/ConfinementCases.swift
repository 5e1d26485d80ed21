import SandboxCore
import SystemPackage

/// What a command cannot do to get out.
enum ConfinementCases {
    static let all: [ConformanceCase] = [
        status("no-new-privs", "a command can gain no privileges", "NoNewPrivs", isolation: .process) { $0 == "1" },
        status("no-capabilities", "a command has no effective capability", "CapEff", isolation: .namespace) { $0.allSatisfy { $0 == "0" } },
        status("no-bounding-set", "a command cannot regain a capability", "CapPrm", isolation: .namespace) { $0.allSatisfy { $0 == "0" } },
        status("seccomp", "a system call filter is on", "Seccomp", isolation: .namespace) { $0 == "2" },
        ConformanceCase("confinement.mount", "nothing can be mounted", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            try await c.need("mount", in: sandbox)
            let found = try await c.shell(
                "mkdir -p m; mount -t tmpfs none m 2>/dev/null && echo MOUNTED; mount --bind / m 2>/dev/null && echo BOUND; :", in: sandbox)
            try c.expect(found.outputText, equals: "", "what could be mounted")
        },
        ConformanceCase("confinement.remount", "read-only system directories cannot be made writable", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            try await c.need("mount", in: sandbox)
            let found = try await c.shell(
                "for d in / /usr /etc /proc /sys; do mount -o remount,rw $d 2>/dev/null && echo $d; done; :", in: sandbox)
            try c.expect(found.outputText, equals: "", "what could be remounted")
        },
        ConformanceCase("confinement.unshare", "no new user namespace can be made", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            try await c.need("unshare", in: sandbox)
            let found = try await c.shell(
                "unshare -U true 2>/dev/null && echo USER; unshare -rm true 2>/dev/null && echo MOUNT; :", in: sandbox)
            try c.expect(found.outputText, equals: "", "the namespaces that could be made")
        },
        ConformanceCase("confinement.setuid", "a set-user-id bit has no effect", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell(
                "cp \"$(command -v id)\" own 2>/dev/null || exit 0; chmod 4755 own 2>/dev/null; a=$(id -u); b=$(./own -u 2>/dev/null) || b=$a; test \"$a\" = \"$b\" || echo CHANGED; for s in su sudo; do command -v $s >/dev/null && { $s root -c id </dev/null 2>/dev/null | head -n 1 | sed \"s/^uid=$a.*//\" | head -c 100; }; done; :",
                in: sandbox
            ) { $0.timeout = .seconds(20) }
            try c.expect(found.outputText.filter { $0 != "\n" }, equals: "", "a changed user")
        },
        ConformanceCase("confinement.ptrace-first", "process 1 cannot be traced or read", isolation: .namespace) { c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            try await c.need("python3", in: sandbox)
            let script = """
                import ctypes
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.ptrace(16, 1, 0, 0) == 0: print("ATTACHED")
                try:
                    open("/proc/1/mem", "r+b"); print("MEMORY")
                except OSError:
                    pass
                """
            let found = try await sandbox.run(ExecRequest(.arguments(["python3", "-c", script])))
            try c.expect(found.outputText, equals: "", "what could be done to process 1")
        },
        ConformanceCase("confinement.kernel-settings", "no kernel setting can be written", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            let line =
                "for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/overcommit_memory /proc/sysrq-trigger /sys/kernel/mm/transparent_hugepage/enabled /sys/power/state; do ( : >>$f ) 2>/dev/null && echo $f; done; :"
            try c.expect(try await c.shell(line, in: sandbox).outputText, equals: "", "what could be opened for writing")
        },
        ConformanceCase("confinement.cgroup", "the host's control groups cannot be written", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            let line =
                "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do ( mkdir \"$d/sandlot-escape\" ) 2>/dev/null && { echo $d; rmdir \"$d/sandlot-escape\"; }; ( : >>\"$d/cgroup.procs\" ) 2>/dev/null && test -e \"$d/cgroup.procs\" && echo \"$d/cgroup.procs\"; done; :"
            try c.expect(try await c.shell(line, in: sandbox).outputText, equals: "", "what could be written")
        },
        ConformanceCase("confinement.chroot", "a command cannot change its root", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            try await c.need("chroot", in: sandbox)
            let found = try await c.shell("chroot / /bin/sh -c 'echo CHANGED' 2>/dev/null; :", in: sandbox)
            try c.expect(found.outputText, equals: "", "the output of a changed root")
        },
        ConformanceCase("confinement.descriptors", "a command inherits no descriptor but its three") { c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            // The shell's own glob opens one directory while it reads; it is not among those that exist afterwards.
            let found = try await c.output(of: "for f in /proc/$$/fd/*; do test -e \"$f\" && echo ${f##*/}; done; :", in: sandbox)
            let numbers = found.split(separator: "\n").compactMap { Int($0) }.filter { $0 > 2 }
            // Shells keep their script or a copy of it at 10 and above.
            try c.expect(numbers.filter { $0 < 10 || $0 > 255 }, equals: [], "further descriptors")
        },
    ]

    private static func status(
        _ name: String, _ summary: String, _ key: String, isolation: Isolation, _ holds: @escaping @Sendable (String) -> Bool
    ) -> ConformanceCase {
        ConformanceCase("confinement.\(name)", summary, isolation: isolation) { c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            let text = try await c.output(of: "cat /proc/self/status", in: sandbox)
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(key):") }
            let value = line.map { $0.dropFirst(key.count + 1).filter { !$0.isWhitespace } } ?? "(no line)"
            try c.expect(holds(value), "\(key) that says so", found: value)
        }
    }
}

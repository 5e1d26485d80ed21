import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

@Suite struct BubblewrapIsolationTests {
    /// Runs as each identity that a sandbox can have here.
    private func eachIdentity(_ body: (any Sandbox) async throws -> Void) async throws {
        try await withBench { bench in
            var workspaces: [WorkspaceChoice] = [.private]
            if bench.isRoot { workspaces.append(.mounted(try bench.folder("rooted"), readOnly: false)) }
            for workspace in workspaces {
                let sandbox = try await bench.create(bench.spec(workspace: workspace))
                try await body(sandbox)
                try await sandbox.destroy()
            }
        }
    }

    private func refused(_ line: String, in sandbox: any Sandbox, _ location: SourceLocation = #_sourceLocation) async throws {
        let result = try await sandbox.run(ExecRequest(.shell(line), timeout: .seconds(20)))
        #expect(!result.outcome.isSuccess, "\(line): \(result.outputText)", sourceLocation: location)
    }

    @Test func theHostsSecretsAreNotThere() async throws {
        try await eachIdentity { sandbox in
            for path in ["/etc/shadow", "/etc/ssh", "/etc/sudoers", "/etc/ssl/private", "/root", "/sys/class/dmi", "/var/lib", "/work"] {
                try await refused("test -e \(path)", in: sandbox)
            }
        }
    }

    @Test func nothingOfTheKernelCanBeChanged() async throws {
        try await eachIdentity { sandbox in
            // What belongs to the sandbox' own ipc, pid and network namespaces is its own business.
            let own = "fs/mqueue/|kernel/(auto_msgmni|msg.*|sem.*|shm.*|ns_last_pid|pid_max)$|net/"
            let line = """
                find /proc/sys -type f -writable 2>/dev/null | grep -vE '^/proc/sys/(\(own))'
                for f in /proc/*; do [ -f $f ] && [ -w $f ] && echo $f; done; true
                """
            let result = try await sandbox.run(ExecRequest(.shell(line)))
            #expect(result.outputText == "")
            for name in ["kmsg", "timer_list", "slabinfo", "vmallocinfo", "kcore"] {
                try await refused("head -c 1 /proc/\(name) | grep -q .", in: sandbox)
            }
        }
    }

    @Test func onlyItsOwnProcessesAreSeen() async throws {
        try await eachIdentity { sandbox in
            let result = try await sandbox.run(
                ExecRequest(.shell("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done")))
            let lines = result.outputText.split(separator: "\n")
            #expect(lines.count <= 4, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("/.sandlot/guest serve") })
        }
    }

    @Test func withoutANetworkThereIsOnlyTheLoopback() async throws {
        try await eachIdentity { sandbox in
            let result = try await sandbox.run(ExecRequest(.shell("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")))
            #expect(result.outputText == "lo\n")
            try await refused("python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 53), 2)'", in: sandbox)
        }
    }

    @Test func dangerousCallsAreRefused() async throws {
        try await eachIdentity { sandbox in
            try await refused("mount -t tmpfs none /tmp", in: sandbox)
            try await refused("unshare -U true", in: sandbox)
            try await refused("unshare -n true", in: sandbox)
            try await refused("chroot / true", in: sandbox)
            try await refused("python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'", in: sandbox)
            let tracing = "import ctypes,sys; l=ctypes.CDLL(None); sys.exit(0 if l.ptrace(0,0,0,0)==0 else 1)"
            try await refused("python3 -c '\(tracing)'", in: sandbox)
            let typing = "import fcntl,pty,termios; m,s=pty.openpty(); fcntl.ioctl(s, termios.TIOCSTI, b\"x\")"
            try await refused("python3 -c '\(typing)'", in: sandbox)
            let capabilities = try await sandbox.run(
                ExecRequest(.shell("grep -E '^(Cap...|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\n\\t'")))
            let none = String(repeating: "0", count: 16)
            #expect(
                capabilities.outputText == ["Inh", "Prm", "Eff", "Bnd", "Amb"].map { "Cap\($0):\(none)" }.joined() + "NoNewPrivs:1Seccomp:2"
            )
        }
    }

    @Test func nothingOutsideOfItsOwnDirectoriesIsWritable() async throws {
        try await eachIdentity { sandbox in
            for path in ["/x", "/usr/x", "/etc/x", "/.sandlot/x", "/.sandlot/guest", "/bin/x", "/home/x", "/var/x", "/opt/x"] {
                try await refused("echo x >> \(path)", in: sandbox)
            }
            let fine = try await sandbox.run(ExecRequest(.shell("touch /tmp/x /var/tmp/y ~/z /dev/shm/s /workspace/w")))
            #expect(fine.outcome == .exited(code: 0), "\(fine.errorText)")
        }
    }

    @Test func theHostsEnvironmentStaysOutside() async throws {
        setenv("SANDLOT_TEST_HOST_SECRET", "leak", 1)
        defer { unsetenv("SANDLOT_TEST_HOST_SECRET") }
        try await eachIdentity { sandbox in
            let result = try await sandbox.run(ExecRequest(.shell("env; cat /proc/1/environ | tr '\\0' '\\n'")))
            #expect(!result.outputText.contains("SANDLOT_TEST_HOST_SECRET"))
        }
    }

    @Test func aKilledExecLeavesTheSandboxWell() async throws {
        try await eachIdentity { sandbox in
            let result = try await sandbox.run(ExecRequest(.shell("kill -9 1; kill -9 -1; sleep 1000"), timeout: .seconds(1)))
            #expect(!result.outcome.isSuccess)
            #expect(try await sandbox.run(ExecRequest(.arguments(["echo", "well"]))).outputText == "well\n")
        }
    }
}

@Suite struct BubblewrapLimitTests {
    private static var hasGroups: Bool {
        let parents = CgroupLayout.detect().parents
        return parents[.memory] != nil && parents[.pids] != nil && parents[.cpu] != nil
    }

    @Test(.enabled(if: hasGroups)) func aMemoryHogIsKilledAndCounted() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec(limits: ResourceLimits(memory: 64 << 20)))
            let result = try await sandbox.run(
                ExecRequest(.arguments(["python3", "-c", "x = bytearray(512 << 20); print(len(x))"]), timeout: .seconds(60)))
            #expect(result.outputText == "")
            #expect(!result.outcome.isSuccess)
            let kills = try (sandbox as? HostSandbox)?.memoryKills()
            #expect((kills ?? 0) > 0)
            #expect(result.ending.memoryKills == kills)
            #expect(try await sandbox.run(ExecRequest(.arguments(["echo", "well"]))).outputText == "well\n")
            try await sandbox.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test(.enabled(if: hasGroups)) func processesBeyondTheLimitAreRefused() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec(limits: ResourceLimits(processes: 20)))
            let line = "for i in $(seq 60); do sleep 100 & done; true"
            _ = try await sandbox.run(ExecRequest(.shell(line), timeout: .seconds(20)))
            let group = try #require(try Locator(sandbox.reference).group)
            #expect((10...22).contains(group.members().count))
            try await sandbox.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test(.enabled(if: hasGroups)) func theProcessorLimitIsSet() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec(limits: ResourceLimits(processors: 0.5)))
            let folder = try #require(try Locator(sandbox.reference).group?.directories.first)
            let quota = KernelFile.line(folder.appending("cpu.cfs_quota_us").string) ?? KernelFile.line(folder.appending("cpu.max").string)
            #expect(quota?.hasPrefix("50000") == true)
            try await sandbox.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test func aDiskLimitIsRefusedAndMakesNothing() async throws {
        try await withBench { bench in
            let error = await #expect(throws: SandboxError.self) {
                _ = try await bench.create(bench.spec(limits: ResourceLimits(disk: 1 << 30)))
            }
            #expect(error?.code == .unsupported)
            #expect(error?.remedy != nil)
            let names = try HostDirectory.names(in: bench.host.dataDirectory.appending("sandboxes"))
            #expect(names == [])
        }
    }

    @Test func withoutGroupsRlimitsOrRefusals() throws {
        let none = CgroupLayout(isUnified: true, parents: [:])
        let id = SandboxID.random()
        let memory = try LimitEnforcement(
            ResourceLimits(memory: 1 << 30, processes: 5), for: id, layout: none, ownProcesses: 2, isRoot: false, hasUserNamespace: true)
        #expect(memory.perProcess == [.init(resource: 9, value: 1 << 30)])
        // The guest counts itself too.
        #expect(memory.inside == 6)
        #expect(memory.group == nil)
        #expect(throws: SandboxError.self) {
            try LimitEnforcement(ResourceLimits(processors: 1), for: id, layout: none, ownProcesses: 2, isRoot: false)
        }
        for (isRoot, hasUserNamespace) in [(true, true), (true, false), (false, false)] {
            #expect(throws: SandboxError.self) {
                try LimitEnforcement(
                    ResourceLimits(processes: 5), for: id, layout: none, ownProcesses: 2, isRoot: isRoot, hasUserNamespace: hasUserNamespace
                )
            }
        }
    }
}

import SandboxCore
import SystemPackage

/// What a sandbox sees of the host.
enum IsolationCases {
    static let all: [ConformanceCase] = [
        ConformanceCase(
            "isolation.host-file-unseen", "a file of the host outside the workspace cannot be seen, read or found",
            requires: [.privateFileSystem]
        ) { c in
            let secret = c.hostScratch.appending("secret-\(c.owner)")
            try HostScratch.write("sentinel-\(c.owner)\n", to: secret)
            defer { HostScratch.removeFile(secret) }
            let found = try await c.shell("cat '\(secret)' && echo READ", in: c.makeSandbox())
            try c.expect(
                !found.outputText.contains("READ") && !found.outputText.contains("sentinel-"), "no sight of it", found: found.outputText)
        },
        ConformanceCase("isolation.shadow", "the host's /etc/shadow cannot be read", isolation: .process) { c in
            let found = try await c.shell(
                "cat /etc/shadow 2>/dev/null | head -c 200; test -r /etc/shadow && test -s /etc/shadow && echo READABLE",
                in: c.makeSandbox())
            try c.expect(
                !found.outputText.contains(":") && !found.outputText.contains("READABLE"), "nothing",
                found: "\(found.outputText.count) characters")
        },
        ConformanceCase("isolation.write-outside", "nothing can be written outside workspace, home and /tmp", isolation: .process) { c in
            let paths = [
                "/", "/etc", "/usr", "/usr/bin", "/bin", "/lib", "/var", "/root", "/boot", "/opt", "/srv", "/sys", "/proc",
                "/proc/sys/kernel",
            ]
            let name = "sandlot-\(c.owner)"
            let line = paths.map { "( : >'\($0)/\(name)' ) 2>/dev/null && echo '\($0)' && rm -f '\($0)/\(name)'" }.joined(separator: "; ")
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell(line, in: sandbox)
            let written = found.outputText.split(separator: "\n").map(String.init)
            // In a root directory of its own a sandbox may write without reaching the host.
            let reached = written.filter { HostScratch.exists(FilePath($0).appending(name)) || c.backend.descriptor.isolation <= .process }
            try c.expect(reached, equals: [], "the places that could be written")
        },
        ConformanceCase("isolation.overwrite-system", "system files cannot be changed", isolation: .process) { c in
            let found = try await c.shell(
                "for f in /bin/sh /etc/passwd /usr/bin/env; do ( : >>$f ) 2>/dev/null && echo $f; done", in: c.makeSandbox())
            try c.expect(found.outputText, equals: "", "the files that could be opened for writing")
        },
        ConformanceCase("isolation.processes-unseen", "no process of the host can be seen", requires: [.processIsolation]) { c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            let line = "for p in /proc/[0-9]*; do n=${p#/proc/}; read -r name <$p/comm 2>/dev/null && echo \"$n $name\"; done"
            let found = try await c.output(of: line, in: sandbox).split(separator: "\n")
            try c.expect(found.count < 20, "only the sandbox' own few processes", found: "\(found.count)")
        },
        ConformanceCase("isolation.signal-host", "a process of the host cannot be signaled", requires: [.processIsolation]) { c in
            let sandbox = try await c.makeSandbox()
            let own = HostScratch.read("/proc/self/stat").flatMap { Int($0.prefix { $0 != " " }) }
            guard let own, own > 1000 else {
                throw ConformanceSkip("our own process id is unknown, or so small that the sandbox has the same")
            }
            let found = try await c.shell("kill -0 \(own) 2>/dev/null && echo SEEN", in: sandbox)
            try c.expect(found.outputText, equals: "", "the sight of our process")
        },
        ConformanceCase("isolation.signal-first", "signals to process 1 do no harm", requires: [.processIsolation]) { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.shell("for s in TERM INT HUP QUIT USR1 USR2 KILL STOP; do kill -$s 1; done 2>/dev/null; :", in: sandbox)
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output")
        },
        ConformanceCase("isolation.environ-unseen", "the environment of no process holds anything of ours", isolation: .process) { c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            try await c.need("tr", "grep", in: sandbox)
            guard let text = HostScratch.read("/proc/self/environ") else { throw ConformanceSkip("the host shows no environment") }
            // Names that only our own process can have brought.
            let names = text.split(separator: "\0").map { String($0.prefix { $0 != "=" }) }.filter { name in
                name.utf8.count > 3 && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                    && !["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "SHLVL", "OLDPWD", "HOSTNAME", "TMPDIR", "LC_ALL"]
                        .contains(name)
            }
            guard !names.isEmpty else { throw ConformanceSkip("our environment holds nothing to look for") }
            let own = try await c.output(of: "env | tr '\\n' ' '", in: sandbox)
            let pattern = names.filter { !own.contains($0 + "=") }.map { "^\($0)=" }.joined(separator: "\\|")
            let line =
                "for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ 2>/dev/null | grep '\(pattern)' | while IFS='=' read -r n v; do echo $n; done; done"
            try c.expect(try await c.shell(line, in: sandbox).outputText, equals: "", "the names that were found")
        },
        ConformanceCase("isolation.hostname", "the sandbox has its own host name", isolation: .namespace) { c in
            let sandbox: any Sandbox
            do { sandbox = try await c.makeSandbox({ $0.hostname = "sandlot-box" }) } catch let error as SandboxError
                where error.code == .unsupported
            { throw ConformanceSkip("the backend refuses a chosen host name") }
            let found = try await c.shell("cat /proc/sys/kernel/hostname 2>/dev/null || hostname", in: sandbox)
            try c.expect(found.outputText, equals: "sandlot-box\n", "the host name")
        },
        ConformanceCase("isolation.devices", "no disk, memory or kernel log device can be opened", isolation: .process) { c in
            let found = try await c.shell(
                "for d in /dev/sda /dev/vda /dev/nvme0n1 /dev/mem /dev/kmem /dev/port /dev/kmsg /dev/fuse /dev/kvm /dev/net/tun /dev/loop0 /dev/loop-control; do ( : <$d ) 2>/dev/null && echo $d; done",
                in: c.makeSandbox())
            try c.expect(found.outputText, equals: "", "the devices that could be opened")
        },
        ConformanceCase("isolation.usual-devices", "/dev/null, zero, urandom work") { c in
            let found = try await c.shell(
                "echo x >/dev/null && head -c 4 /dev/zero | wc -c && if test -e /dev/urandom; then head -c 4 /dev/urandom | wc -c; else echo 4; fi",
                in: c.makeSandbox())
            try c.expect(found.outputText.filter { $0 != " " }, equals: "4\n4\n", "the counts")
        },
        ConformanceCase("isolation.network-none", "with network none there is no interface but loopback", requires: [.networkNone]) { c in
            let sandbox = try await c.makeSandbox({ $0.network = .none })
            guard try await c.shell("test -r /proc/net/dev", in: sandbox).outcome.isSuccess else {
                throw ConformanceSkip("the sandbox has no /proc/net")
            }
            let text = try await c.output(of: "cat /proc/net/dev", in: sandbox)
            let names = text.split(separator: "\n").compactMap { line in line.firstIndex(of: ":").map { line[..<$0].filter { $0 != " " } } }
            // Tunnel stubs that a kernel puts into every namespace cannot carry anything.
            let stubs: Set<String> = ["lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0"]
            guard c.backend.descriptor.isolation >= .namespace else {
                throw ConformanceSkip("not enforced by a network namespace; see isolation.connect-none")
            }
            try c.expect(names.filter { !stubs.contains($0) }, equals: [], "interfaces besides loopback")
        },
        ConformanceCase(
            "isolation.connect-none", "with network none no socket reaches out, and raw ones cannot be made", requires: [.networkNone]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.network = .none })
            try await c.need("python3", in: sandbox)
            let script = """
                import socket
                def attempt(name, body):
                    try:
                        body()
                        print(name)
                    except OSError:
                        pass
                def connect():
                    s = socket.socket(); s.settimeout(3); s.connect(("1.1.1.1", 53))
                def udp():
                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"x", ("1.1.1.1", 53))
                attempt("tcp", connect)
                attempt("udp", udp)
                attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
                attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
                """
            let found = try await sandbox.run(ExecRequest(.arguments(["python3", "-c", script]), timeout: .seconds(40)))
            try c.expect(found.outcome.isSuccess, "the script to end well", found: "\(found.outcome) \(found.errorText.suffix(300))")
            try c.expect(found.outputText, equals: "", "what reached out")
        },
    ]
}

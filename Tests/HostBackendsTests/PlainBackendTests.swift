import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

@Suite struct RestrictedHostTests {
    private func backend(_ bench: Bench, _ texts: [String: [String]] = [:]) throws -> RestrictedHostBackend {
        RestrictedHostBackend(host: bench.host, settings: try RestrictedHostSettings(SettingTexts(texts)))
    }

    @Test func itIsUsableWhereLandlockIs() async throws {
        try await withBench { bench in
            let answer = await (try backend(bench)).probe()
            #expect(answer.isAvailable == (FileRestriction.kernelVersion > 0), "\(answer)")
        }
    }

    @Test func onlyItsOwnDirectoriesAreWithinReach() async throws {
        try await withBench { bench in
            let folder = try bench.folder("work", owner: bench.isRoot ? 64777 : geteuid())
            let sandbox = try await backend(bench).create(bench.spec(workspace: .mounted(folder, readOnly: false))) { _ in }
            let fine = try await sandbox.run(
                ExecRequest(.shell("echo a > made; echo b > $TMPDIR/t; cat made $TMPDIR/t; touch ~/h; ls /usr > /dev/null")))
            #expect(fine.outcome == .exited(code: 0), "\(fine.errorText)")
            #expect(fine.outputText == "a\nb\n")
            for line in [
                "cat /etc/shadow", "ls /root", "ls /work", "ls /tmp", "touch /tmp/x", "ls /var/lib", "echo x > /usr/x", "ls /home",
            ] {
                let result = try await sandbox.run(ExecRequest(.shell(line)))
                #expect(!result.outcome.isSuccess, "\(line): \(result.outputText)")
            }
            try await sandbox.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test func withoutANetworkNoInternetSocketIsMade() async throws {
        try await withBench { bench in
            for (policy, works) in [(NetworkPolicy.none, false), (.open, true)] {
                let sandbox = try await backend(bench).create(bench.spec(network: policy)) { _ in }
                for kind in ["SOCK_STREAM", "SOCK_DGRAM"] {
                    let line = "import socket; socket.socket(socket.AF_INET, socket.\(kind))"
                    let result = try await sandbox.run(ExecRequest(.arguments(["python3", "-c", line])))
                    #expect(result.outcome.isSuccess == works)
                }
                let local = try await sandbox.run(ExecRequest(.arguments(["python3", "-c", "import socket; socket.socketpair()"])))
                #expect(local.outcome.isSuccess)
                try await sandbox.destroy()
            }
        }
    }

    @Test func signalsStayInTheSandboxWhereTheKernelCanSeeToIt() async throws {
        try await withBench { bench in
            let (one, other) = (
                try await backend(bench).create(bench.spec()) { _ in }, try await backend(bench).create(bench.spec()) { _ in }
            )
            let sleeper = try await other.start(ExecRequest(.arguments(["sleep", "1000"])))
            let pid = try #require(sleeper.processID)
            let foreign = try await one.run(ExecRequest(.shell("kill -0 \(pid)")))
            #expect(foreign.outcome.isSuccess == !FileRestriction.confinesSignals)
            let own = try await one.run(ExecRequest(.shell("sleep 1000 & kill -TERM $!; wait $!; echo $?")))
            #expect(own.outputText == "143\n")
            try await sleeper.cancel()
            try await one.destroy()
            try await other.destroy()
        }
    }

    @Test func rootsWorkspaceNeedsASetting() async throws {
        try await withBench { bench in
            guard bench.isRoot else { return }
            let folder = try bench.folder("work")
            let spec = bench.spec(workspace: .mounted(folder, readOnly: true))
            let error = await #expect(throws: SandboxError.self) { _ = try await backend(bench).create(spec) { _ in } }
            #expect(error?.code == .denied)
            let sandbox = try await backend(bench, ["allow_root": ["true"]]).create(spec) { _ in }
            #expect(try await sandbox.run(ExecRequest(.shell("ls && ! touch x"))).outcome == .exited(code: 0))
            try await sandbox.destroy()
        }
    }

    @Test func daemonsEndWithTheSandboxEvenIfTheGuestDiedFirst() async throws {
        try await withBench { bench in
            let daemon = "python3 -c 'import os,time\nif os.fork()==0:\n os.setsid()\n if os.fork()==0:\n  time.sleep(1000)\n'"
            for killsGuest in [false, true] {
                let sandbox = try await backend(bench).create(bench.spec(environment: ["SECRET": "s"])) { _ in }
                _ = try await sandbox.run(ExecRequest(.shell(daemon)))
                #expect(try ProcessScan.carrying("\(SandboxRemoval.marker)=\(sandbox.reference.id)").count >= 1)
                if killsGuest {
                    let guest = try #require(try Locator(sandbox.reference).guest)
                    try guest.signal(SIGKILL)
                    try await bench.host.keeper.waitUntilGone(guest)
                }
                try await backend(bench).remove(sandbox.reference)
                try await bench.expectNothingLeft(of: sandbox.reference)
            }
        }
    }

    @Test func aSecondBackendTakesItUp() async throws {
        try await withBench { bench in
            let sandbox = try await backend(bench).create(bench.spec(environment: ["SECRET": "s3"])) { _ in }
            let again = try await backend(bench).attach(to: sandbox.reference)
            #expect(try await again.run(ExecRequest(.shell("echo $SECRET; pwd"))).outputText == "s3\n\(again.workspacePath)\n")
            try await again.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test func whatNeedsNamespacesIsRefused() async throws {
        try await withBench { bench in
            var mounts = bench.spec()
            mounts.mounts = [Mount(source: "/usr/share", target: "/mnt/x", readOnly: true)]
            var image = bench.spec()
            image.image = .rootDirectory("/usr")
            for spec in [mounts, image] {
                let error = await #expect(throws: SandboxError.self) { _ = try await backend(bench).create(spec) { _ in } }
                #expect(error?.code == .unsupported)
            }
        }
    }
}

@Suite struct DirectTests {
    @Test func nothingHappensWithoutTheSetting() async throws {
        try await withBench { bench in
            let backend = DirectBackend(host: bench.host, settings: try DirectSettings())
            #expect(!(await backend.probe()).isAvailable)
            let error = await #expect(throws: SandboxError.self) { _ = try await backend.create(bench.spec(network: .open)) { _ in } }
            #expect(error?.code == .denied)
        }
    }

    @Test func aCommandRunsOnTheHostAndNothingIsLeft() async throws {
        try await withBench { bench in
            let backend = DirectBackend(host: bench.host, settings: try DirectSettings(SettingTexts(["enabled": ["true"]])))
            #expect((await backend.probe()).isAvailable)
            let closed = await #expect(throws: SandboxError.self) { _ = try await backend.create(bench.spec()) { _ in } }
            #expect(closed?.code == .unsupported)
            let sandbox = try await backend.create(bench.spec(network: .open)) { _ in }
            let result = try await sandbox.run(ExecRequest(.shell("id -u; (setsid sleep 1000 &)")))
            #expect(result.outputText == "\(geteuid())\n")
            try await sandbox.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }
}

@Suite struct SandboxRecordTests {
    @Test func aRecordSurvivesTheDisk() throws {
        var locator = Locator(workspace: "/workspace", home: "/home/sandbox")
        locator.guest = ProcessIdentity(pid: 42, startTime: 7, boot: "b-1")
        locator.group = ControlGroup(directories: ["/sys/fs/cgroup/memory/sandlot/x"], isUnified: false)
        locator.variables = ["TMPDIR": "/a b"]
        let reference = SandboxReference(
            id: .random(), backend: BubblewrapBackend.id, owner: .random(), session: .random(), locator: locator.texts)
        let record = SandboxRecord(state: .made, reference: reference)
        let decoded = try SandboxRecord(decoding: record.encoded, at: "/x")
        #expect(decoded == record)
        #expect(try Locator(decoded.reference) == locator)
    }

    @Test(arguments: ["", "sandlot sandbox record 1\n", "sandlot sandbox record 1\nstate made\nid ../x\nbackend b\nowner o\n", "\u{0}"])
    func aBrokenRecordIsAnError(_ text: String) {
        #expect(throws: SandboxError.self) { try SandboxRecord(decoding: Array(text.utf8), at: "/x") }
    }

    @Test func theChildsNumberIsReadFromBwrapsWords() {
        #expect(BubblewrapLauncher.childNumber(in: "{\n    \"child-pid\": 4711,\n    \"mnt-namespace\": 1\n}\n") == 4711)
        #expect(BubblewrapLauncher.childNumber(in: "{ \"child-pid\":12}") == 12)
        #expect(BubblewrapLauncher.childNumber(in: "{}") == nil)
        #expect(BubblewrapLauncher.childNumber(in: "") == nil)
    }
}

import HostBackends
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@Suite struct BubblewrapPlanTests {
    private func plan(_ network: NetworkPolicy = .none, endsWithCreator: Bool = false) -> BubblewrapPlan {
        BubblewrapPlan(
            nodes: [
                .memory("/", mode: 0o755, size: 4096), .bind(source: "/usr", target: "/usr", readOnly: true),
                .symbolicLink(content: "usr/bin", target: "/bin"), .file(descriptor: 8, target: "/etc/passwd"), .process("/proc"),
                .devices("/dev"), .directory("/mnt", mode: nil), .directory("/home", mode: 0o755),
                .bind(source: "/a b", target: "/workspace", readOnly: false),
            ], network: network, hostname: "box", endsWithCreator: endsWithCreator)
    }

    @Test func thePlanBecomesTheseArguments() {
        #expect(
            plan().options == [
                "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--unshare-net", "--uid",
                "1000", "--gid", "1000", "--hostname", "box", "--cap-drop", "ALL", "--as-pid-1", "--new-session", "--perms", "755",
                "--size", "4096",
                "--tmpfs", "/", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--perms", "0644", "--file", "8",
                "/etc/passwd", "--proc", "/proc", "--dev", "/dev", "--dir", "/mnt", "--perms", "755", "--dir", "/home", "--bind", "/a b",
                "/workspace", "--remount-ro", "/", "--chdir", "/workspace", "--seccomp", "4", "--info-fd", "5",
            ])
    }

    @Test func anOpenNetworkKeepsTheHostsNamespace() {
        #expect(!plan(.open).options.contains("--unshare-net"))
    }

    @Test func onlyASandboxThatEndsWithItsCreatorDiesWithItsParent() {
        #expect(!plan().options.contains("--die-with-parent"))
        #expect(plan(endsWithCreator: true).options.contains("--die-with-parent"))
    }

    @Test func theCommandLineTellsNothingButTheId() {
        #expect(
            plan().command(bwrap: "/usr/bin/bwrap", id: SandboxID(unchecked: "sbx-1")) == [
                "/usr/bin/bwrap", "--args", "3", "--", "/.sandlot/guest", "serve", "--listen-fd", "6", "--birth-fd", "7", "--cwd",
                "/workspace", "--sandbox", "sbx-1",
            ])
    }

    @Test func eachOptionEndsWithAZeroByte() {
        #expect(plan().encodedOptions.split(separator: 0).count == plan().options.count)
        #expect(plan().encodedOptions.last == 0)
    }
}

@Suite struct BubblewrapVersionTests {
    @Test func versionsAreComparedByNumber() {
        #expect(BubblewrapVersion(parsing: "bubblewrap 0.10.0\n").knowsSize)
        #expect(BubblewrapVersion(parsing: "bubblewrap 0.7.0").knowsSize)
        #expect(!BubblewrapVersion(parsing: "bubblewrap 0.6.1").knowsSize)
        #expect(!BubblewrapVersion(parsing: "").knowsSize)
    }
}

@Suite struct TrialFailureTests {
    private func facts(
        unprivileged: Bool = true, maximum: Int? = 1000, clone: Int? = nil, appArmor: Int? = nil, filter: Bool = false
    ) -> NamespaceFacts {
        NamespaceFacts(
            isUnprivileged: unprivileged, maximum: maximum, unprivilegedClone: clone, appArmorRestriction: appArmor, hasFilter: filter)
    }

    @Test func switchedOffNamespacesAreNamed() {
        let failure = TrialFailure(ending: .exited(1), complaint: "bwrap: No permissions", facts: facts(maximum: 0))
        #expect(failure.reason.contains("user.max_user_namespaces = 0"))
        #expect(failure.remedy.contains("sysctl -w user.max_user_namespaces="))
    }

    @Test func debiansSwitchConcernsOnlyOrdinaryUsers() {
        let ordinary = TrialFailure(ending: .exited(1), complaint: "", facts: facts(clone: 0))
        #expect(ordinary.remedy.contains("kernel.unprivileged_userns_clone=1"))
        let root = TrialFailure(ending: .exited(1), complaint: "", facts: facts(unprivileged: false, clone: 0))
        #expect(!root.remedy.contains("unprivileged_userns_clone"))
    }

    @Test func appArmorIsRecognizedByItsSettingWhateverTheMessage() {
        let failure = TrialFailure(ending: .exited(1), complaint: "bwrap: setting up uid map: Permission denied", facts: facts(appArmor: 1))
        #expect(failure.reason.contains("AppArmor"))
        #expect(failure.remedy.contains("apparmor_restrict_unprivileged_userns=0"))
    }

    @Test func aFilterAroundUsIsRecognized() {
        let failure = TrialFailure(ending: .exited(1), complaint: "bwrap: Operation not permitted", facts: facts(filter: true))
        #expect(failure.remedy.contains("seccomp=unconfined"))
    }

    @Test func anythingElseRepeatsWhatWasSaid() {
        let failure = TrialFailure(ending: .exited(1), complaint: "bwrap: out of socks", facts: facts())
        #expect(failure.reason == "bwrap said: bwrap: out of socks")
    }
}

@Suite struct CgroupLayoutTests {
    @Test func versionOneIsFoundPerController() {
        let layout = CgroupLayout.detect(
            membership: "8:pids:/\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n",
            mounts: """
                30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
                31 25 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
                32 25 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
                """, isWritable: { _ in true }, read: { _ in nil })
        #expect(!layout.isUnified)
        #expect(
            layout.parents == [
                .memory: "/sys/fs/cgroup/memory/a/b", .pids: "/sys/fs/cgroup/pids", .cpu: "/sys/fs/cgroup/cpu",
            ])
    }

    @Test func aContainersMountRootIsTakenOff() {
        let layout = CgroupLayout.detect(
            membership: "4:memory:/docker/x\n", mounts: "30 25 0:26 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
            isWritable: { _ in true }, read: { _ in nil })
        #expect(layout.parents == [.memory: "/sys/fs/cgroup/memory"])
    }

    @Test func versionTwoUsesTheNearestAncestorThatHandsControllersOn() {
        let layout = CgroupLayout.detect(
            membership: "0::/user.slice/app.scope\n", mounts: "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
            isWritable: { _ in true },
            read: { $0 == "/sys/fs/cgroup/user.slice/cgroup.subtree_control" ? "memory pids" : "" })
        #expect(layout.isUnified)
        #expect(layout.parents == [.memory: "/sys/fs/cgroup/user.slice", .pids: "/sys/fs/cgroup/user.slice"])
    }

    @Test func nothingWritableMeansNoGroups() {
        let layout = CgroupLayout.detect(
            membership: "0::/a\n", mounts: "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", isWritable: { _ in false },
            read: { _ in "memory pids cpu" })
        #expect(layout.parents.isEmpty)
    }
}

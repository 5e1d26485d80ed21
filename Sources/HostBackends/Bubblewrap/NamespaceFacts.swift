public import SandboxProcess

/// What the kernel and the surroundings say about user namespaces.
public struct NamespaceFacts: Sendable, Equatable {
    /// Whether the trial ran as an ordinary user.
    public var isUnprivileged: Bool
    /// `user.max_user_namespaces`.
    public var maximum: Int?
    /// `kernel.unprivileged_userns_clone` (Debian's and Arch's kernels).
    public var unprivilegedClone: Int?
    /// `kernel.apparmor_restrict_unprivileged_userns` (Ubuntu).
    public var appArmorRestriction: Int?
    /// Sandlot itself runs under a seccomp filter, as in a container.
    public var hasFilter: Bool

    /// Creates facts.
    public init(isUnprivileged: Bool, maximum: Int?, unprivilegedClone: Int?, appArmorRestriction: Int?, hasFilter: Bool) {
        self.isUnprivileged = isUnprivileged
        self.maximum = maximum
        self.unprivilegedClone = unprivilegedClone
        self.appArmorRestriction = appArmorRestriction
        self.hasFilter = hasFilter
    }

    static func current(isUnprivileged: Bool) -> NamespaceFacts {
        let status = KernelFile.text("/proc/self/status") ?? ""
        return NamespaceFacts(
            isUnprivileged: isUnprivileged, maximum: KernelFile.integer("/proc/sys/user/max_user_namespaces"),
            unprivilegedClone: KernelFile.integer("/proc/sys/kernel/unprivileged_userns_clone"),
            appArmorRestriction: KernelFile.integer("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            hasFilter: status.split(separator: "\n").contains("Seccomp:\t2"))
    }
}

/// Why a trial sandbox could not be made.
public struct TrialFailure: Sendable, Equatable {
    public var reason: String
    public var remedy: String

    /// Judges by what the kernel's settings say; the trial's own words are only repeated, and decide nothing but where no setting does.
    public init(ending: ProcessEnding, complaint: String, facts: NamespaceFacts) {
        let said = complaint.split(separator: "\n").joined(separator: "; ").prefix(400)
        let told = said.isEmpty ? "bwrap \(Self.words(ending))" : "bwrap said: \(said)"
        let root = facts.isUnprivileged ? "; when Sandlot runs as root, run_as = 0 in [backends.bubblewrap] also avoids it" : ""
        if facts.maximum == 0 {
            reason = "user namespaces are switched off by user.max_user_namespaces = 0 (\(told))"
            remedy = "sysctl -w user.max_user_namespaces=15000"
        } else if facts.isUnprivileged, facts.unprivilegedClone == 0 {
            reason = "ordinary users may not make user namespaces: kernel.unprivileged_userns_clone = 0 (\(told))"
            remedy = "sysctl -w kernel.unprivileged_userns_clone=1" + root
        } else if facts.isUnprivileged, facts.appArmorRestriction == 1 {
            reason = "AppArmor restricts user namespaces: kernel.apparmor_restrict_unprivileged_userns = 1 (\(told))"
            remedy =
                "install an AppArmor profile that lets bwrap use them (apparmor-profiles: bwrap-userns-restrict), "
                + "or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" + root
        } else if ending == .signaled(31) || facts.hasFilter {
            reason = "Sandlot runs under a system call filter that does not let bwrap make namespaces (\(told))"
            remedy =
                "in a container, start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or choose another backend"
        } else {
            reason = told
            remedy = "run `bwrap --unshare-all --ro-bind / / true` by hand and mend what it complains about"
        }
    }

    private static func words(_ ending: ProcessEnding) -> String {
        switch ending {
        case .exited(let code): "ended with status \(code) without a word"
        case .signaled(let number): "was killed by signal \(number)"
        case .unknown: "ended"
        }
    }
}

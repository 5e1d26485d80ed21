import SandboxCore
import SandboxProcess
import SystemPackage

/// Makes a sandbox of the same kind as every other, runs the guest's `--version` in it, and explains what failed.
struct BubblewrapProbe {
    let backend: BubblewrapBackend

    private static let deadline = Duration.seconds(5)

    func run() async -> BackendAvailability {
        let host = backend.host
        do {
            let bwrap = try backend.locateBwrap()
            let guest = try GuestExecutable.locate(setting: backend.settings.guest, variable: host.guestVariable)
            let identity = RunIdentity.choose(.private, host: host, settings: backend.settings, sources: [guest])
            var details = LimitEnforcement.details(host.cgroups, isRoot: identity.isRoot, hasUserNamespace: true)
            details["bwrap"] = bwrap.string
            details["guest"] = guest.string
            details["identity"] = Self.words(identity, host)
            let key = RememberedTrial.key(bwrap: bwrap, guest: guest, host: host, settings: backend.settings)
            if let version = backend.trial.recall(key) {
                details["version"] = version.text
                details["trial"] = "worked a few minutes ago"
                return .available(details: details)
            }
            let version = try await Self.version(of: bwrap, host)
            let trial = try await tryOnce(bwrap, guest, identity)
            let isUnprivileged = !host.isRoot || identity.user != nil
            guard trial.isSuccess, trial.outputText.hasPrefix(GuestExecutable.name) else {
                let failure = TrialFailure(
                    ending: trial.ending, complaint: trial.errorText, facts: NamespaceFacts.current(isUnprivileged: isUnprivileged))
                return .unavailable(reason: failure.reason, remedy: failure.remedy)
            }
            backend.trial.remember(key, version)
            details["version"] = version.text
            details["trial"] = "worked just now"
            return .available(details: details)
        } catch {
            return .unavailable(error)
        }
    }

    static func version(of bwrap: FilePath, _ host: HostEnvironment) async throws -> BubblewrapVersion {
        let answer = try await CommandRunner(keeper: host.keeper).run(bwrap, ["--version"], deadline: Self.deadline)
        return BubblewrapVersion(parsing: answer.outputText)
    }

    private func tryOnce(_ bwrap: FilePath, _ guest: FilePath, _ identity: RunIdentity) async throws -> CommandResult {
        typealias Number = BubblewrapPlan.Descriptor
        var nodes: [BubblewrapPlan.Node] = [.memory("/", mode: 0o755)]
        nodes += try SystemTree.host(extra: backend.settings.systemPaths)
        nodes += [.process("/proc")] + (identity.isRoot ? SystemTree.masks() : [])
        nodes += [.devices("/dev"), .directory(BubblewrapPlan.Place.workspace, mode: nil), .directory("/.sandlot", mode: 0o755)]
        nodes += [.bind(source: guest, target: BubblewrapPlan.Place.guest, readOnly: true)]
        let plan = BubblewrapPlan(nodes: nodes, network: .none, hostname: "probe", endsWithCreator: true)
        return try await CommandRunner(keeper: backend.host.keeper).run(
            bwrap, ["--args", "\(Number.arguments)", "--", BubblewrapPlan.Place.guest.string, "--version"],
            environment: ["PATH": "/usr/bin:/bin"], deadline: Self.deadline, user: identity.user,
            descriptors: [
                Number.arguments: try Descriptors.memory(plan.encodedOptions),
                Number.filter: try Descriptors.memory(try SystemCallFilter.standard().bytes),
                Number.info: try Descriptors.null(),
            ])
    }

    private static func words(_ identity: RunIdentity, _ host: HostEnvironment) -> String {
        switch identity {
        case .ourselves: "user \(host.user.uid)"
        case .user(let user): "user \(user.uid), or the workspace's owner"
        case .rootInNamespace(let reason): "root in a user namespace (\(reason))"
        }
    }
}

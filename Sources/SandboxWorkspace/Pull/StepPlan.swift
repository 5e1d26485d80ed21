import Glibc
import SandboxCore
import SandboxProcess

/// The steps that bring the host's tree to what was decided, with everything that they move in made ready in the staging directory.
struct StepPlan {
    private(set) var steps: [ApplyStep] = []
    private(set) var results: [ApplyJournal.Result] = []
    /// What cannot be done, and why.
    private(set) var unprepared: [TreePath: String] = [:]
    private var modes: [ApplyStep] = []

    init(_ decisions: [Decision], _ snapshot: Snapshot, _ bag: ContentBag) throws {
        // What goes away does so from the deepest up, before anything takes its place.
        for decision in decisions.reversed() {
            switch decision.change(on: .host) {
            case .delete?, .retype?:
                if decision.host?.isDirectory == true {
                    steps.append(.removeFolder(decision.path))
                } else if let expected = Self.expectation(decision, snapshot) {
                    steps.append(.remove(decision.path, expected: expected, to: bag.nextNumber()))
                }
            default: break
            }
        }
        for decision in decisions {
            guard case .agreed(let wanted) = decision.verdict, let change = decision.change(on: .host) else { continue }
            if let reason = try add(decision, change, wanted, snapshot, bag) {
                unprepared[decision.path] = reason
            } else {
                results.append(ApplyJournal.Result(path: decision.path, node: wanted))
            }
        }
        // A folder may forbid writing: it gets its mode when all is in it.
        steps += modes.reversed()
    }

    /// Nil when it is planned.
    private mutating func add(
        _ decision: Decision, _ change: NodeChange, _ wanted: TreeNode?, _ snapshot: Snapshot, _ bag: ContentBag
    ) throws -> String? {
        let path = decision.path
        guard let wanted else { return nil }
        switch (wanted, change) {
        case (.directory(let mode), .chmod): modes.append(.changeMode(path, mode: mode, expected: .folder))
        case (.directory(let mode), _):
            steps.append(.makeFolder(path, mode: mode | 0o700))
            if mode | 0o700 != mode { modes.append(.changeMode(path, mode: mode, expected: .folder)) }
        case (.file(_, _, let mode), .chmod):
            guard let expected = Self.expectation(decision, snapshot) else { return Applier.changed }
            steps.append(.changeMode(path, mode: mode, expected: expected))
        case (.file(let digest, _, let mode), _):
            guard let item = bag[path], item.digest == digest else { return "it changed in the sandbox meanwhile" }
            let file = try bag.file(item.number)
            let modified = snapshot.sandboxEntry(path)?.modified ?? 0
            try Self.dress(file, mode, modified, snapshot.tree)
            return place(path, item.number, file, change, decision, snapshot)
        case (.link(let target), _):
            let number = bag.nextNumber()
            let name = Array(String(number).utf8)
            let made = target.withCPath { target in name.withCPath { symlinkat(target, bag.directory.raw, $0) } }
            guard made == 0 else { return "making the link failed: \(SandboxError.reason(of: errno))" }
            if geteuid() == 0 {
                _ = name.withCPath {
                    fchownat(bag.directory.raw, $0, snapshot.tree.owner.user, snapshot.tree.owner.group, AT_SYMLINK_NOFOLLOW)
                }
            }
            guard let status = HostStatus(name, in: bag.directory.raw) else { return "making the link failed" }
            return place(path, number, status, change, decision, snapshot)
        }
        return nil
    }

    private mutating func place(
        _ path: TreePath, _ number: Int, _ file: OwnedDescriptor, _ change: NodeChange, _ decision: Decision, _ snapshot: Snapshot
    ) -> String? {
        guard let status = HostStatus(file.raw) else { return "looking at the staged file failed" }
        return place(path, number, status, change, decision, snapshot)
    }

    private mutating func place(
        _ path: TreePath, _ number: Int, _ status: HostStatus, _ change: NodeChange, _ decision: Decision, _ snapshot: Snapshot
    ) -> String? {
        var expected = ApplyStep.Expectation.absent
        if change == .modify {
            guard let known = Self.expectation(decision, snapshot) else { return Applier.changed }
            expected = known
        }
        steps.append(.place(path, number: number, inode: status.stamp.inode, expected: expected))
        return nil
    }

    /// A staged file gets all that it will have: the rename shows it complete.
    private static func dress(_ file: OwnedDescriptor, _ mode: UInt16, _ modified: Int64, _ tree: HostTree) throws {
        // Giving a file away takes bits off its mode, so that comes first.
        if geteuid() == 0 { _ = fchown(file.raw, tree.owner.user, tree.owner.group) }
        guard fchmod(file.raw, mode_t(mode)) == 0, futimens(file.raw, timespec.modified(modified)) == 0 else {
            throw SandboxError.system("making a staged file ready", errno)
        }
    }

    /// What the host must still have.
    private static func expectation(_ decision: Decision, _ snapshot: Snapshot) -> ApplyStep.Expectation? {
        switch decision.host {
        case nil: .absent
        case .directory?: .folder
        case .link(let target)?: .link(target: target)
        case .file?: snapshot.hostEntry(decision.path)?.stamp.map { .file($0) }
        }
    }
}

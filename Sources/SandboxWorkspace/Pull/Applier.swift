import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess

/// Does the steps of a journal on the host's tree. Every name is reached from the root without following a link, and what stands there is looked at
/// before and after it is moved away: a change of the user's is put back and its path reported, never overwritten.
struct Applier {
    let tree: HostTree
    let bag: OwnedDescriptor

    /// Does all steps. Returns the paths whose step was not done, with the reason.
    func run(_ journal: ApplyJournal) -> [TreePath: String] {
        var missed: [TreePath: String] = [:]
        for step in journal.steps {
            // What a path was to give way to, or lies in, is not there: its own step would say so less clearly.
            if let parent = step.path.parent, missed[parent] != nil, !Self.isRemoval(step) {
                missed[step.path] = "the folder above it was not made"
                continue
            }
            if missed[step.path] != nil { continue }
            if let reason = perform(step) { missed[step.path] = reason }
        }
        return missed
    }

    private static func isRemoval(_ step: ApplyStep) -> Bool {
        switch step {
        case .remove, .removeFolder: true
        default: false
        }
    }

    /// Nil when it is done.
    private func perform(_ step: ApplyStep) -> String? {
        guard let folder = tree.folder(step.path.parent) else { return failed("opening the folder above") }
        let name = Array(step.path.name)
        switch step {
        case .remove(_, let expected, let number): return remove(name, folder, expected, number)
        case .removeFolder:
            if name.withCPath({ unlinkat(folder.raw, $0, AT_REMOVEDIR) }) == 0 || errno == ENOENT { return nil }
            return errno == ENOTEMPTY || errno == EEXIST ? "something that is not synced is in the folder" : failed("removing the folder")
        case .makeFolder(_, let mode):
            if name.withCPath({ mkdirat(folder.raw, $0, 0o700) }) != 0 {
                guard errno == EEXIST, HostStatus(name, in: folder.raw)?.isDirectory == true else { return failed("making the folder") }
            } else if geteuid() == 0 {
                _ = name.withCPath { fchownat(folder.raw, $0, tree.owner.user, tree.owner.group, AT_SYMLINK_NOFOLLOW) }
            }
            return setMode(name, folder, mode)
        case .place(_, let number, let inode, let expected): return place(name, folder, number, inode, expected)
        case .changeMode(_, let mode, let expected):
            guard holds(name, folder, expected, isMoved: false) else { return Self.changed }
            return setMode(name, folder, mode)
        }
    }

    static let changed = "it changed on the host meanwhile"

    private func remove(_ name: [UInt8], _ folder: OwnedDescriptor, _ expected: ApplyStep.Expectation, _ number: Int) -> String? {
        let trash = Array(String(number).utf8)
        // A crash came after the step: it is there already.
        if HostStatus(trash, in: bag.raw) != nil { return nil }
        guard let status = HostStatus(name, in: folder.raw) else { return errno == ENOENT ? nil : failed("looking at it") }
        guard !status.isDirectory, holds(name, folder, expected, isMoved: false) else { return Self.changed }
        guard move(name, folder, to: trash, bag) else { return failed("moving it away") }
        if holds(trash, bag, expected, isMoved: true) { return nil }
        _ = move(trash, bag, to: name, folder)
        return Self.changed
    }

    private func place(
        _ name: [UInt8], _ folder: OwnedDescriptor, _ number: Int, _ inode: UInt64, _ expected: ApplyStep.Expectation
    ) -> String? {
        let staged = Array(String(number).utf8)
        guard let status = HostStatus(staged, in: bag.raw), status.stamp.inode == inode else { return nil }
        guard expected != .absent else {
            return move(staged, bag, to: name, folder) ? nil : errno == EEXIST ? Self.changed : failed("giving it its name")
        }
        guard holds(name, folder, expected, isMoved: false) else { return Self.changed }
        guard exchange(staged, name, folder) else { return failed("putting it in place") }
        if holds(staged, bag, expected, isMoved: true) { return nil }
        _ = exchange(staged, name, folder)
        return Self.changed
    }

    private func setMode(_ name: [UInt8], _ folder: OwnedDescriptor, _ mode: UInt16) -> String? {
        // Through a descriptor: a name could become a link between looking and doing.
        let raw = name.withCPath { openat(folder.raw, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        if raw >= 0 {
            let file = OwnedDescriptor(raw)
            return fchmod(file.raw, mode_t(mode)) == 0 ? nil : failed("setting its mode")
        }
        // What its owner cannot read he can still give another mode.
        guard errno == EACCES, HostStatus(name, in: folder.raw)?.isLink == false else { return failed("opening it") }
        return name.withCPath { fchmodat(folder.raw, $0, mode_t(mode), 0) } == 0 ? nil : failed("setting its mode")
    }

    /// Whether a name holds what the plan was made for. Moving a node changes when it changed last, and nothing else.
    private func holds(_ name: [UInt8], _ folder: OwnedDescriptor, _ expected: ApplyStep.Expectation, isMoved: Bool) -> Bool {
        guard let status = HostStatus(name, in: folder.raw) else { return expected == .absent && errno == ENOENT }
        switch expected {
        case .absent: return false
        case .folder: return status.isDirectory
        case .link(let target): return status.isLink && readLink(name, in: folder.raw) == target
        case .file(var stamp):
            if isMoved { stamp.changed = status.stamp.changed }
            return status.isRegular && status.stamp == stamp
        }
    }

    private func move(_ name: [UInt8], _ folder: OwnedDescriptor, to other: [UInt8], _ target: OwnedDescriptor) -> Bool {
        name.withCPath { from in other.withCPath { sandlot_rename_no_replace(folder.raw, from, target.raw, $0) } } == 0
    }

    private func exchange(_ staged: [UInt8], _ name: [UInt8], _ folder: OwnedDescriptor) -> Bool {
        staged.withCPath { one in name.withCPath { sandlot_rename_exchange(bag.raw, one, folder.raw, $0) } } == 0
    }

    private func failed(_ what: String) -> String { "\(what) failed: \(SandboxError.reason(of: errno))" }
}

import Glibc
import SandboxCore
import SandboxProcess
public import SystemPackage

extension ConflictStore {
    /// Forgets a conflict that was settled.
    public func forget(_ conflict: WorkspaceConflict) async throws { try await remove(conflict) }
}

extension BaseIndex {
    /// Takes the sandbox's side of a conflict for what both sides had last.
    public mutating func settle(_ conflict: WorkspaceConflict) {
        guard conflict.loser == nil else { return }
        let agreed: BaseEntry? = conflict.sandbox.map { BaseEntry(conflict.path, $0) }
        update([conflict.path: agreed])
    }
}

extension WorkspaceSynchronizer {
    /// Puts the version of the sandbox that a conflict keeps into the host's tree, in one step. Throws `conflict` when the host's version is not
    /// any more the one that the conflict is about; nothing is changed then.
    public static func putInPlace(_ conflict: WorkspaceConflict, _ directory: FilePath, place: FilePath) async throws {
        let tree = try HostTree(directory)
        let expected = try await WorkThread.run { stop in try expectation(conflict, tree, stop) }
        try await putInPlace(conflict, nil, tree, expected, place)
    }

    /// Puts a merge of the version of the sandbox that a conflict keeps and the host's, as that is now, into the host's tree, in one step. Throws
    /// `conflict` when their changes touch; nothing is changed then.
    public static func putMerged(_ conflict: WorkspaceConflict, _ directory: FilePath, place: FilePath) async throws {
        let store = ConflictStore(place.appending("conflicts"))
        func refusal(_ why: String) -> SandboxError {
            SandboxError(
                .conflict, "\(conflict.path) cannot be merged: \(why)",
                remedy:
                    "edit the host's file (`conflicts show --side sandbox` prints the other) and merge again, or take-host, or take-sandbox"
            )
        }
        guard conflict.loser == nil, case .file? = conflict.host, case .file? = conflict.sandbox else {
            throw refusal("it is not a file that both sides changed")
        }
        guard let base = try store.base(of: conflict) else {
            throw refusal("what both sides had before was not kept (it is, for text, in sessions opened with --sync-merge)")
        }
        let tree = try HostTree(directory)
        guard let theirs = try store.content(of: conflict, .sandbox, limit: TextMerge.largest), let file = tree.file(conflict.path),
            let stamp = HostStatus(file.raw)?.stamp, stamp.size <= UInt64(TextMerge.largest)
        else { throw refusal("a version of it is missing or too large") }
        let mine = try PushSource.read(file, at: 0, count: Int(stamp.size))
        guard let text = TextMerge.merge(base: base, host: mine, sandbox: theirs) else {
            throw refusal("the changes of both sides touch")
        }
        try await putInPlace(conflict, text, tree, .file(stamp), place)
    }

    private static func putInPlace(
        _ conflict: WorkspaceConflict, _ merged: [UInt8]?, _ tree: HostTree, _ expected: ApplyStep.Expectation, _ place: FilePath
    ) async throws {
        let staging = try await Staging.make(for: tree, preferred: place)
        do {
            let bag = try ContentBag(staging.path)
            var steps: [ApplyStep] = []
            var folder = conflict.path.parent
            while let path = folder, tree.folder(path) == nil {
                steps.insert(.makeFolder(path, mode: 0o755), at: 0)
                folder = path.parent
            }
            let kept = ConflictStore(place.appending("conflicts")).folder(conflict)
            if let step = try step(conflict, merged, expected, tree, bag, kept: kept) {
                steps.append(step)
            }
            let journal = ApplyJournal(steps: steps, results: [])
            try staging.write(journal)
            let missed = try await WorkThread.run { _ in Applier(tree: tree, bag: bag.directory).run(journal) }
            try await staging.remove(tree)
            if let (path, reason) = missed.first {
                throw SandboxError(.conflict, "\(path) was not put in place: \(reason)", remedy: "look at the conflict again")
            }
        } catch {
            if (try? staging.journal()) == nil { try? await staging.remove(tree) }
            throw error
        }
    }

    private static func step(
        _ conflict: WorkspaceConflict, _ merged: [UInt8]?, _ expected: ApplyStep.Expectation, _ tree: HostTree, _ bag: ContentBag,
        kept: FilePath
    ) throws -> ApplyStep? {
        let number = bag.nextNumber()
        let name = Array(String(number).utf8)
        switch conflict.sandbox {
        case nil:
            if expected == .absent { return nil }
            return expected == .folder ? .removeFolder(conflict.path) : .remove(conflict.path, expected: expected, to: number)
        case .directory(let mode)?: return .makeFolder(conflict.path, mode: mode)
        case .link(let target)?:
            guard target.withCPath({ target in name.withCPath { symlinkat(target, bag.directory.raw, $0) } }) == 0 else {
                throw SandboxError.system("making the link", errno)
            }
        case .file(_, _, let mode)?:
            if let merged {
                let file = try bag.makeFile(number)
                try file.write(merged)
            } else {
                let content = OwnedDescriptor(
                    open(kept.appending(WorkspaceSide.sandbox.rawValue).string, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
                guard content.raw >= 0 else { throw SandboxError.system("reading the kept version of \(conflict.path)", errno) }
                try ConflictStore.copy(content, to: bag.path.appending(String(number)))
            }
            let file = try bag.file(number)
            if geteuid() == 0 { _ = fchown(file.raw, tree.owner.user, tree.owner.group) }
            guard fchmod(file.raw, mode_t(mode)) == 0 else { throw SandboxError.system("making the kept version ready", errno) }
        }
        guard let status = HostStatus(name, in: bag.directory.raw) else { throw SandboxError.system("looking at the kept version", errno) }
        return .place(conflict.path, number: number, inode: status.stamp.inode, expected: expected)
    }

    /// What the host must still have, if it has what the conflict says.
    private static func expectation(_ conflict: WorkspaceConflict, _ tree: HostTree, _ stop: StopFlag) throws -> ApplyStep.Expectation {
        let changed = SandboxError(
            .conflict, "\(conflict.path) was changed on the host after the conflict was seen",
            remedy: "pull again, then settle the new conflict")
        // A policy put the sandbox's version, or the host's, in place: the host has the winner's.
        let wanted = conflict.loser == .host ? conflict.sandbox : conflict.host
        let status = tree.status(conflict.path)
        switch wanted {
        case nil:
            guard status == nil else { throw changed }
            return .absent
        case .directory?:
            guard status?.isDirectory == true else { throw changed }
            if conflict.sandbox?.isDirectory == false {
                throw SandboxError(
                    .conflict, "a folder is in the place of \(conflict.path) on the host",
                    remedy: "move it away, pull, and settle the new conflict")
            }
            return .folder
        case .link(let target)?:
            guard let status, status.isLink else { throw changed }
            return .link(target: target)
        case .file(let digest, _, _)?:
            guard let file = tree.file(conflict.path), let now = HostStatus(file.raw),
                try ContentHasher.digest(of: file, stop: stop)?.digest == digest
            else { throw changed }
            return .file(now.stamp)
        }
    }
}

import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The text that both sides of a workspace agreed on last, by its digest: a three-way merge needs it, and neither side has it any more.
///
/// Kept only for sessions that merge text. What is missing here is not merged; nothing else depends on it.
struct BaseTexts {
    private static let largestFile: UInt64 = 256 << 10
    private static let mostBytes: UInt64 = 256 << 20

    let path: FilePath

    /// The text with a digest; nil when it is not kept.
    func text(_ digest: ContentDigest) -> [UInt8]? {
        guard let bytes = try? HostDirectory.contents(path.appending(digest.description), limit: TextMerge.largest),
            ContentHasher.digest(of: bytes) == digest
        else { return nil }
        return bytes
    }

    /// Keeps the texts of an index, as far as the host has them now, and forgets the others.
    func keep(_ base: BaseIndex, _ snapshot: Snapshot, _ stop: StopFlag) throws {
        try HostDirectory.ensure(path, mode: 0o700)
        var old = Set(try HostDirectory.names(in: path))
        var bytes: UInt64 = 0
        for entry in base.entries {
            guard case .file(let digest, let size, _)? = entry.node, size > 0, size <= Self.largestFile, bytes + size <= Self.mostBytes
            else {
                continue
            }
            try stop.check()
            bytes += size
            if old.remove(digest.description) != nil { continue }
            guard let file = snapshot.tree.file(entry.path), let text = try? PushSource.read(file, at: 0, count: Int(size)),
                TextMerge.isText(text), ContentHasher.digest(of: text) == digest
            else { continue }
            // Nothing is lost with it: a reader looks whether it is whole.
            try HostDirectory.replace(path.appending(digest.description), with: text, survivesPowerLoss: false)
        }
        for name in old { unlink(path.appending(name).string) }
    }
}

extension WorkspaceSynchronizer {
    var texts: BaseTexts { BaseTexts(path: place.appending("base")) }

    /// Keeps what a later merge needs.
    func keepTexts(_ base: BaseIndex, _ old: BaseIndex, _ snapshot: Snapshot) async throws {
        guard sync.mergesText else { return }
        guard base != old || !HostDirectory.exists(texts.path) else { return }
        let texts = texts
        try await WorkThread.run { stop in try texts.keep(base, snapshot, stop) }
    }

    /// Merges the text of files that both sides changed, as far as their changes do not touch: the merged version is put into the bag in place of the
    /// sandbox's, and what the sandbox has becomes the base. Returns the paths.
    func mergeTexts(_ snapshot: inout Snapshot, _ bag: ContentBag) throws -> Set<TreePath> {
        guard sync.mergesText else { return [] }
        var merged: Set<TreePath> = []
        for index in snapshot.decisions.indices {
            let decision = snapshot.decisions[index]
            guard decision.verdict == .conflict || decision.loser != nil,
                case .file(let base, _, let baseMode)? = decision.base, case .file(let host, let size, let mode)? = decision.host,
                case .file(let sandbox, _, let sandboxMode)? = decision.sandbox, host != sandbox, size <= UInt64(TextMerge.largest),
                let item = bag[decision.path], item.digest == sandbox, item.size <= UInt64(TextMerge.largest), let old = texts.text(base),
                let file = snapshot.tree.file(decision.path)
            else { continue }
            let mine = try PushSource.read(file, at: 0, count: Int(size))
            let theirs = try PushSource.read(try bag.file(item.number), at: 0, count: Int(item.size))
            guard ContentHasher.digest(of: mine) == host, let text = TextMerge.merge(base: old, host: mine, sandbox: theirs) else {
                continue
            }
            let number = bag.nextNumber()
            try bag.makeFile(number).write(text)
            let new = ContentBag.Item(number: number, digest: ContentHasher.digest(of: text), size: UInt64(text.count))
            bag.add(new, for: decision.path)
            let both = mode == baseMode ? sandboxMode : mode
            snapshot.decisions[index].verdict = .agreed(.file(digest: new.digest, size: new.size, mode: both))
            snapshot.decisions[index].loser = nil
            merged.insert(decision.path)
        }
        return merged
    }
}

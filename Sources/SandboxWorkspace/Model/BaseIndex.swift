import SandboxCore

/// What both sides of a workspace agreed on last, with what proves that a file has not changed since: kept as long as its sandbox lives.
public struct BaseIndex: Sendable, Equatable {
    /// In the order of paths.
    public private(set) var entries: [BaseEntry]

    /// An index of entries that are in the order of paths, without repetitions.
    public init(_ entries: [BaseEntry] = []) { self.entries = entries }

    /// What is known of a path.
    public subscript(path: TreePath) -> BaseEntry? { entries.element(at: path) }

    /// Whether the path, or one below it, was synced.
    func holdsAnything(at path: TreePath) -> Bool {
        let place = entries.place(of: path)
        return place < entries.count && (entries[place].path == path || entries[place].path.isBelow(path))
    }

    var hasSandboxStamps: Bool { entries.contains { $0.sandboxStamp != nil } }

    /// Replaces what is known of some paths; nil forgets a path.
    mutating func update(_ changes: [TreePath: BaseEntry?]) {
        guard !changes.isEmpty else { return }
        var kept = entries.filter { changes[$0.path] == nil }
        kept += changes.values.compactMap { $0 }
        self = BaseIndex(kept.sorted { $0.path < $1.path })
    }

    /// What makes an older index this one: entries that are new or different, and of paths that are gone an entry that says nothing.
    public func changes(since old: BaseIndex) -> BaseIndex {
        var changes: [BaseEntry] = []
        var place = 0
        for entry in entries {
            while place < old.entries.count, old.entries[place].path < entry.path {
                changes.append(BaseEntry(old.entries[place].path, nil))
                place += 1
            }
            if place < old.entries.count, old.entries[place].path == entry.path {
                if old.entries[place] != entry { changes.append(entry) }
                place += 1
            } else {
                changes.append(entry)
            }
        }
        changes += old.entries[place...].map { BaseEntry($0.path, nil) }
        return BaseIndex(changes)
    }

    /// This index with changes that `changes(since:)` told.
    public func applying(_ changes: BaseIndex) -> BaseIndex {
        guard !changes.entries.isEmpty else { return self }
        var result: [BaseEntry] = []
        result.reserveCapacity(entries.count + changes.entries.count)
        var place = 0
        for change in changes.entries {
            while place < entries.count, entries[place].path < change.path {
                result.append(entries[place])
                place += 1
            }
            if place < entries.count, entries[place].path == change.path { place += 1 }
            if change.node != nil || change.underWay != nil { result.append(change) }
        }
        result += entries[place...]
        return BaseIndex(result)
    }

    /// The index of another sandbox that holds the same tree: what proved something about the first proves nothing about it.
    public func withoutSandboxStamps() -> BaseIndex {
        BaseIndex(
            entries.map { entry in
                var entry = entry
                entry.sandboxStamp = nil
                return entry
            })
    }
}

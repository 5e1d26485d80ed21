internal import GuestProtocol

/// Finds paths by pattern, in the order of the manifest. Symbolic links are results but never passed, and only folders that can hold a result are read.
enum GlobSearch {
    static func run(root: [UInt8], pattern: [UInt8], limit: UInt32, includesHidden: Bool, in conversation: Conversation) throws
        -> GuestResponse
    {
        let glob = try GlobPattern(pattern)
        let directory = try Paths.openRoot(root)
        var budget = ResponseBudget(limit: limit)
        var entries: [TreeEntry] = []
        var isCut = false
        var positions = [glob.start]
        try TreeWalker(root: directory, label: root, unreadable: .skips).walk { node in
            if node.depth == 0 || node.kind == .directory { try conversation.checkStopped() }
            positions.removeSubrange((node.depth + 1)...)
            let position = glob.advance(positions[node.depth], node.name, includesHidden: includesHidden)
            positions.append(position)
            if position.isMatch, !glob.directoriesOnly || node.kind == .directory, let status = node.status() {
                let target = status.kind == .symbolicLink ? linkTarget(of: node.name, in: node.directory.number) ?? [] : []
                let path = root.appending(name: node.path)
                guard budget.take(path.count + target.count) else {
                    isCut = true
                    return .finish
                }
                entries.append(status.entry(path: path, linkTarget: target))
            }
            return position.leadsOn ? .descend : .skip
        }
        return .entries(entries, more: isCut)
    }
}

internal import Glibc
internal import GuestProtocol

/// Collects entries for one response, and knows when it is full.
struct ResponseBudget {
    private var entries: Int
    private var bytes = FileLimits.responseBytes

    /// 0, or more than the limit, means the limit.
    init(limit: UInt32) { entries = limit == 0 ? FileLimits.results : min(Int(limit), FileLimits.results) }

    /// True when something of this many variable bytes still fits, which is then counted.
    mutating func take(_ variable: Int, counts: Bool = true) -> Bool {
        let size = variable + 64
        guard size <= bytes, !counts || entries > 0 else { return false }
        bytes -= size
        if counts { entries -= 1 }
        return true
    }

    /// Entries that may still come.
    var remaining: Int { entries }
}

/// Pages of a directory, in the order of the names' bytes.
enum Listing {
    static func page(of path: [UInt8], after cursor: [UInt8], limit: UInt32, in conversation: Conversation) throws -> GuestResponse {
        let directory = try Paths.openRoot(path)
        var budget = ResponseBudget(limit: limit)
        let wanted = budget.remaining + 1
        // Only the first names after the cursor are kept, however large the directory is.
        var names = NameList()
        var wasCut = false
        guard let reader = DirectoryReader(directory) else { throw GuestFailure.last("read the directory", path) }
        do {
            while try reader.next({ name, kind in if follows(name, cursor) { names.append(name, kind) } }) {
                if names.count >= 4 * wanted + 4096 {
                    try conversation.checkStopped()
                    names.sort()
                    names.cut(to: wanted)
                    wasCut = true
                }
            }
        } catch let error as DirectoryReader.ReadError {
            throw GuestFailure.system(error.number, "read the directory", path)
        }
        names.sort()

        var entries: [TreeEntry] = []
        for index in 0..<names.count {
            let name = names.name(index)
            // What vanished since is no entry.
            guard let status = Status(name, in: directory.number) else { continue }
            let target = status.kind == .symbolicLink ? linkTarget(of: name, in: directory.number) ?? [] : []
            guard budget.take(name.count + target.count) else { return .entries(entries, more: true) }
            entries.append(status.entry(path: name, linkTarget: target))
        }
        return .entries(entries, more: wasCut && !entries.isEmpty)
    }

    private static func follows(_ name: UnsafeBufferPointer<UInt8>, _ cursor: [UInt8]) -> Bool {
        cursor.isEmpty || cursor.lexicographicallyPrecedes(name)
    }
}

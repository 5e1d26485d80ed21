import GuestProtocol
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FolderTests {
    private func digests(_ harness: Harness, _ scratch: TemporaryDirectory) throws -> [[UInt8]: [UInt8]] {
        let bytes = try harness.collect(harness.start(.folderDigests(root: scratch.path.bytes))).content
        var found: [[UInt8]: [UInt8]] = [:]
        var at = 0
        while at < bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
            let path = Array(bytes[(at + 4)..<(at + 4 + length)])
            #expect(found[path] == nil)
            found[path] = Array(bytes[(at + 4 + length)..<(at + 36 + length)])
            at += 36 + length
        }
        return found
    }

    @Test("a folder's digest changes with what lies directly in it, and no other's does")
    func tellsChanges() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        shell("cd '\(scratch.path)' && mkdir -p a/b c && echo 1 > a/b/f && echo 2 > c/g && ln -s there c/link && echo 3 > top")
        let first = try digests(harness, scratch)
        #expect(Set(first.keys) == ["", "a", "a/b", "c"].map(\.bytes).reduce(into: []) { $0.insert($1) })
        #expect(try digests(harness, scratch) == first)
        func changed(by command: String) throws -> Set<String> {
            let before = try digests(harness, scratch)
            shell("cd '\(scratch.path)' && \(command)")
            let after = try digests(harness, scratch)
            return Set(Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.map { String(decoding: $0, as: UTF8.self) })
        }
        #expect(try changed(by: "echo 4 >> a/b/f") == ["a/b"])
        #expect(try changed(by: "chmod 600 c/g") == ["c"])
        #expect(try changed(by: "ln -sfn elsewhere c/link") == ["c"])
        #expect(try changed(by: "mkdir a/new") == ["a", "a/new"])
        #expect(try changed(by: "mv top c/top") == ["", "c"])
        #expect(try changed(by: "rm -r a") == ["", "a", "a/b", "a/new"])
    }

    @Test("folders that are named tell what lies directly in them; those that are gone tell nothing")
    func listsFolders() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        shell("cd '\(scratch.path)' && mkdir -p a/b && echo 1 > a/b/f && echo 2 > a/g && ln -s / out")
        let request = GuestRequest.folderEntries(root: scratch.path.bytes, folders: ["a".bytes, "".bytes, "gone".bytes, "out".bytes])
        let found = try harness.entries(request)
        #expect(found.map { String(decoding: $0.path, as: UTF8.self) } == ["a/b", "a/g", "a", "out"])
        // A manifest says the same of them.
        let all = try harness.entries(.manifest(root: scratch.path.bytes, digests: false))
        #expect(found.allSatisfy { all.contains($0) })
        for impossible in ["../x", "/", "a//b", "a/.."] {
            let stream = harness.start(.folderEntries(root: scratch.path.bytes, folders: [impossible.bytes]))
            #expect(throws: GuestFailure.self) { try harness.collect(stream) }
        }
    }

    @Test("a tree of many folders is told once each, also by a host that reads slowly")
    func manyFolders() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        shell("cd '\(scratch.path)' && for i in $(seq 40); do mkdir -p $i/a $i/b/c; echo $i > $i/b/c/f; done")
        #expect(try digests(harness, scratch).count == 161)
    }

    @Test("an import tells the change times and inodes that a look finds afterwards")
    func tellsStamps() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        func file(_ path: String, _ content: String) -> [HostMessage] {
            [
                .treeEntry(
                    TreeEntry(path: path.bytes, kind: .regular, mode: 0o644, size: UInt64(content.utf8.count), modified: 1_000_000_000))
            ]
                + (content.isEmpty ? [] : [.chunk(content.bytes)])
        }
        shell("mkdir '\(scratch.path)/taken'")
        let folder = HostMessage.treeEntry(TreeEntry(path: "d".bytes, kind: .directory, mode: 0o755, size: 0, modified: 0))
        let messages = [folder] + file("d/one", "1") + file("empty", "") + file("taken", "x") + file("two", "22")
        var told: [UInt8] = []
        let stream = try harness.open(.importTellingStamps(root: scratch.path.bytes))
        #expect(try harness.upload(messages, to: stream, told: { told += $0 }) == ["taken".bytes])
        func number(_ at: Int, _ count: Int) -> UInt64 { (0..<count).reduce(0) { $0 | UInt64(told[at + $1]) << UInt64(8 * $1) } }
        let stamps = stride(from: 0, to: told.count, by: 20).map { (number($0, 4), number($0 + 4, 8), number($0 + 12, 8)) }
        let all = try harness.entries(.manifest(root: scratch.path.bytes, digests: false))
        let expected = try [(1, "d/one"), (2, "empty"), (4, "two")].map { number, path in
            let entry = try #require(all.first { $0.path == path.bytes })
            return (UInt64(number), UInt64(bitPattern: entry.changed), entry.inode)
        }
        #expect(stamps.count == expected.count)
        for (one, other) in zip(stamps, expected) { #expect(one == other) }
    }
}

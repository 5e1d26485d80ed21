import GuestProtocol
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ReplacingTests {
    private func file(_ path: String, _ content: String, replacing old: TreeEntry?) -> [HostMessage] {
        [
            .treeEntry(
                TreeEntry(
                    path: path.bytes, kind: .regular, mode: 0o644, size: UInt64(content.utf8.count), modified: 1_000_000_000,
                    changed: old?.changed ?? TreeEntry.nothing, inode: old?.inode ?? 0)),
            .chunk(content.bytes),
        ]
    }

    @Test("an imported file replaces the one that the host saw, and no other")
    func replaces() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        try scratch.write("one", to: "f")
        func look() throws -> TreeEntry {
            guard case .entry(let entry) = try harness.answer(.stat(path: scratch("f"), followsLinks: false)) else {
                throw Harness.TimedOut()
            }
            return entry
        }
        let seen = try look()
        #expect(try harness.upload(file("f", "two", replacing: seen), to: try harness.open(.importTree(root: scratch.path.bytes))) == [])
        #expect(scratch.text("f") == "two")
        #expect(
            try harness.upload(file("f", "three", replacing: seen), to: try harness.open(.importTree(root: scratch.path.bytes))) == [
                "f".bytes
            ])
        #expect(
            try harness.upload(file("f", "three", replacing: nil), to: try harness.open(.importTree(root: scratch.path.bytes))) == [
                "f".bytes
            ])
        #expect(scratch.text("f") == "two")
        #expect(try harness.upload(file("new", "new", replacing: nil), to: try harness.open(.importTree(root: scratch.path.bytes))) == [])
        #expect(shell("ls -A '\(scratch.path)'") == "f\nnew\n")
    }

    @Test("an imported link replaces the node that the host saw, and no other")
    func replacesLinks() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        try scratch.write("one", to: "f")
        guard case .entry(let seen) = try harness.answer(.stat(path: scratch("f"), followsLinks: false)) else { return }
        func link(_ old: TreeEntry?) -> [HostMessage] {
            [
                .treeEntry(
                    TreeEntry(
                        path: "f".bytes, kind: .symbolicLink, mode: 0o777, size: 0, modified: 0, changed: old?.changed ?? TreeEntry.nothing,
                        inode: old?.inode ?? 0, linkTarget: "there".bytes))
            ]
        }
        #expect(try harness.upload(link(nil), to: try harness.open(.importTree(root: scratch.path.bytes))) == ["f".bytes])
        #expect(try harness.upload(link(seen), to: try harness.open(.importTree(root: scratch.path.bytes))) == [])
        #expect(try harness.upload(link(seen), to: try harness.open(.importTree(root: scratch.path.bytes))) == ["f".bytes])
        #expect(shell("ls -A '\(scratch.path)'") == "f\n")
    }

    @Test("a node is removed if it is the one that the host saw")
    func removes() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        try scratch.write("one", to: "f")
        let path = scratch("f")
        guard case .entry(let seen) = try harness.answer(.stat(path: path, followsLinks: false)) else { return }
        #expect(try harness.failure(.removeNode(path: path, changed: seen.changed + 1, inode: seen.inode)) == .alreadyExists)
        #expect(scratch.text("f") == "one")
        #expect(try harness.answer(.removeNode(path: path, changed: seen.changed, inode: seen.inode)) == .done)
        #expect(try harness.failure(.removeNode(path: path, changed: seen.changed, inode: seen.inode)) == .notFound)
        #expect(shell("ls -A '\(scratch.path)'") == "")
    }

    @Test("the chunks of a file are its content, and a change of one byte changes few of them")
    func chunks() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        var bytes = [UInt8](repeating: 0, count: 12 << 20)
        var state: UInt64 = 7
        for index in bytes.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[index] = UInt8(truncatingIfNeeded: state >> 33)
        }
        func list(_ content: [UInt8]) throws -> [(length: Int, digest: [UInt8])] {
            try scratch.write(content, to: "big")
            let records = try harness.collect(harness.start(.fileChunks(path: scratch("big")))).content
            return stride(from: 0, to: records.count, by: 36).map { at in
                ((0..<4).reduce(0) { $0 | Int(records[at + $1]) << (8 * $1) }, Array(records[(at + 4)..<(at + 36)]))
            }
        }
        let before = try list(bytes)
        #expect(before.reduce(0) { $0 + $1.length } == bytes.count)
        #expect(before.count > 12 && before.count < 150)
        bytes.insert(1, at: 5 << 20)
        let after = try list(bytes)
        let known = Set(before.map(\.digest))
        #expect(after.filter { !known.contains($0.digest) }.reduce(0) { $0 + $1.length } <= 2 << 20)

        // The new one from the old one.
        try scratch.write(Array(bytes.prefix(1 << 20)), to: "f")
        let entry = TreeEntry(path: "f".bytes, kind: .regular, mode: 0o600, size: (1 << 20) + 3, modified: 0)
        let messages: [HostMessage] = [
            .treeEntry(entry), .copy(offset: 100, length: (1 << 20) - 100), .chunk("xyz".bytes), .copy(offset: 0, length: 100),
        ]
        #expect(try harness.upload(messages, to: try harness.open(.importTree(root: scratch.path.bytes))) == [])
        #expect(scratch.read("f") == Array(bytes[100..<(1 << 20)]) + "xyz".bytes + Array(bytes[..<100]))
        let beyond: [HostMessage] = [.treeEntry(entry), .copy(offset: 1 << 20, length: (1 << 20) + 3)]
        #expect(try harness.upload(beyond, to: try harness.open(.importTree(root: scratch.path.bytes))) == ["f".bytes])
    }
}

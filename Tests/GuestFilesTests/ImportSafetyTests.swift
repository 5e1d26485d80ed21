import Glibc
import GuestFiles
import GuestProtocol
import Testing

@Suite("Imports stay inside their root")
struct ImportSafetyTests {
    let outer: TemporaryDirectory
    let harness = Harness()
    let outsideBefore: String

    /// `root` is what imports go to; `outside` must never change.
    init() throws {
        outer = try TemporaryDirectory()
        shell("cd '\(outer.path)' && mkdir root outside && echo precious > outside/file && mkdir outside/d && ln -s d outside/l")
        outsideBefore = shell("cd '\(outer.path)/outside' && find . -printf '%P %y %m %s %T@ %l\\n' | sort; cat file")
    }

    private var outside: String { shell("cd '\(outer.path)/outside' && find . -printf '%P %y %m %s %T@ %l\\n' | sort; cat file") }

    private func entry(_ path: String, _ kind: FileKind = .regular, size: UInt64 = 0, mode: UInt32 = 0o644, target: String = "")
        -> HostMessage
    {
        .treeEntry(TreeEntry(path: path.bytes, kind: kind, mode: mode, size: size, modified: 1_000_000_000, linkTarget: target.bytes))
    }

    private func file(_ path: String, _ text: String, mode: UInt32 = 0o644) -> [HostMessage] {
        [entry(path, size: UInt64(text.utf8.count), mode: mode), .chunk(text.bytes)]
    }

    private func load(_ messages: [HostMessage]) throws -> [String] {
        try harness.upload(messages, to: harness.open(.importTree(root: outer("root")))).map(\.text)
    }

    private func breach(_ messages: [HostMessage]) throws -> GuestFailure.Code? {
        do {
            _ = try load(messages)
            return nil
        } catch let failure as GuestFailure {
            return failure.code
        }
    }

    @Test(arguments: [
        "../outside/file", "/tmp/absolute", "a/../../outside/file", "..", ".", "./x", "a//b", "a/", "", "a/./b", "nul\0byte",
        "root/../../outside/new",
    ])
    func `paths that are not plain are refused, their content is skipped, the rest arrives`(path: String) throws {
        #expect(try load(file(path, "evil") + file("good", "fine")) == [path])
        #expect(outer.text("root/good") == "fine")
        #expect(shell("ls -A '\(outer.path)/root'") == "good\n")
        #expect(outside == outsideBefore)
    }

    @Test
    func `links planted in the root are never passed`() throws {
        shell(
            """
            cd '\(outer.path)/root' && ln -s ../outside a && ln -s a b && ln -s '\(outer.path)/outside' c && ln -s ../outside/file f && \
            ln -s ../outside/l/../file g && mkdir real && ln -s .. real/up
            """)
        let refused = try load(
            file("a/file", "evil") + file("b/new", "evil") + [entry("c", .directory, mode: 0o777)] + file("c/d/new", "evil")
                + file("real/up/outside/file", "evil") + [entry("a/l", .symbolicLink, target: "x"), entry("b/dir", .directory)]
                + [entry("c/fifo", .fifo)])
        #expect(refused == ["a/file", "b/new", "c", "c/d/new", "real/up/outside/file", "a/l", "b/dir", "c/fifo"])
        #expect(outside == outsideBefore)
        // A file in the place of a link replaces the link, not what it names.
        #expect(try load(file("f", "mine") + file("g", "mine")).isEmpty)
        #expect(outer.text("root/f") == "mine")
        #expect(outside == outsideBefore)
    }

    @Test
    func `a link that the import itself makes is not passed either`() throws {
        let refused = try load(
            [entry("l", .symbolicLink, target: "../outside"), entry("abs", .symbolicLink, target: "\(outer.path)/outside")]
                + file("l/file", "evil")
                + file("abs/new", "evil") + [entry("d", .directory, mode: 0o755)] + file("d/x", "1") + [
                    entry("d", .symbolicLink, target: "../outside")
                ]
                + file("d/file", "2"))
        #expect(refused == ["l/file", "abs/new", "d"])
        #expect(shell("readlink '\(outer.path)/root/l'") == "../outside\n")
        #expect(outer.text("root/d/file") == "2")
        #expect(outside == outsideBefore)
    }

    @Test
    func `directories and other nodes never replace each other`() throws {
        shell("cd '\(outer.path)/root' && mkdir dir && echo x > dir/x && echo f > file")
        #expect(
            try load(file("dir", "new") + file("file/x", "new") + [entry("file", .directory), entry("dir", .symbolicLink, target: "x")])
                == ["dir", "file/x", "file", "dir"])
        #expect(outer.text("root/dir/x") == "x\n")
        #expect(outer.text("root/file") == "f\n")
    }

    @Test
    func `of duplicates the last one stays`() throws {
        #expect(try load(file("f", "one") + file("f", "two") + [entry("f", .symbolicLink, target: "t")] + file("f", "three")).isEmpty)
        #expect(outer.text("root/f") == "three")
        #expect(shell("ls -A '\(outer.path)/root'") == "f\n")
    }

    @Test
    func `devices and sockets are refused, set-id bits dropped`() throws {
        let refused = try load(
            [entry("c", .characterDevice), entry("b", .blockDevice), entry("s", .socket)] + file("suid", "x", mode: 0o6755)
                + [entry("sticky", .directory, mode: 0o3777)])
        #expect(refused == ["c", "b", "s"])
        #expect(outer.mode("root/suid") == 0o755)
        #expect(outer.mode("root/sticky") == 0o1777)
    }

    @Test
    func `too much, too little and stray content end the import and leave nothing half`() throws {
        #expect(try breach(file("ok", "ok") + [entry("f", size: 3), .chunk("four".bytes)]) == .invalidArgument)
        #expect(try breach([entry("f", size: 3), .chunk("ab".bytes), entry("g")]) == .invalidArgument)
        #expect(try breach([entry("f", size: 3), .chunk("ab".bytes)]) == .invalidArgument)
        #expect(try breach([.chunk("ab".bytes)]) == .invalidArgument)
        #expect(shell("ls -A '\(outer.path)/root'") == "ok\n")
    }

    @Test
    func `names and paths that are too long are refused`() throws {
        let long = String(repeating: "n", count: 256)
        let deep = Array(repeating: String(repeating: "d", count: 255), count: 300).joined(separator: "/")
        #expect(try load([entry(long), entry("\(long)/x"), entry(deep)]) == [long, "\(long)/x", deep])
        // Longer than PATH_MAX, but every name is fine.
        let fine = Array(repeating: String(repeating: "d", count: 200), count: 100).joined(separator: "/")
        #expect(try load(file("\(fine)/f", "deep") + file("\(fine)/e/g", "deeper") + file("x", "1")).isEmpty)
        #expect(try harness.entries(.manifest(root: outer("root"), digests: true)).count == 104)
        #expect(try harness.failure(.remove(path: outer("root"), recursive: true)) == nil)
    }

    @Test
    func `an import into what is not there says so`() throws {
        #expect(try harness.failure(.importTree(root: outer("none"))) == .notFound)
        #expect(try harness.failure(.importTree(root: outer("outside/file"))) == .notDirectory)
    }
}

import Glibc
import GuestFiles
import GuestProtocol
import Testing

@Suite("Nodes")
struct NodeTests {
    let directory: TemporaryDirectory
    let harness = Harness()

    init() throws { directory = try TemporaryDirectory() }

    private func names(cursor: String = "", limit: UInt32 = 0) throws -> ([String], Bool) {
        guard
            case .entries(let entries, let more) = try harness.answer(.list(path: directory.path.bytes, cursor: cursor.bytes, limit: limit))
        else {
            return ([], false)
        }
        return (entries.map(\.path.text), more)
    }

    @Test
    func `stat tells about the link or about its target`() throws {
        try directory.write("12345", to: "f")
        symlink("f", "\(directory.path)/l")
        guard case .entry(let link) = try harness.answer(.stat(path: directory("l"), followsLinks: false)),
            case .entry(let file) = try harness.answer(.stat(path: directory("l"), followsLinks: true))
        else { return }
        #expect(link.kind == .symbolicLink)
        #expect(link.linkTarget == "f".bytes)
        #expect(file.kind == .regular)
        #expect(file.size == 5)
        #expect(file.path == directory("l"))
        #expect(try harness.failure(.stat(path: directory("none"), followsLinks: true)) == .notFound)
        #expect(try harness.failure(.stat(path: directory("f/x"), followsLinks: true)) == .notDirectory)
        #expect(try harness.failure(.stat(path: directory("a\0b"), followsLinks: true)) == .invalidArgument)
    }

    @Test
    func `a directory comes in pages, sorted by bytes`() throws {
        for name in ["b", "a", "B", "é", "a-b", "a.b", ".h"] { try directory.write("", to: name) }
        #expect(try names() == ([".h", "B", "a", "a-b", "a.b", "b", "é"], false))
        #expect(try names(limit: 3) == ([".h", "B", "a"], true))
        #expect(try names(cursor: "a", limit: 3) == (["a-b", "a.b", "b"], true))
        #expect(try names(cursor: "b", limit: 3) == (["é"], false))
        #expect(try names(cursor: "\u{10FFFF}", limit: 3).0.isEmpty)
        #expect(try harness.failure(.list(path: directory("a"), cursor: [], limit: 1)) == .notDirectory)
    }

    @Test
    func `a directory of 100,000 entries is listed page by page without a gap`() throws {
        shell("cd '\(directory.path)' && seq -f 'entry-with-a-long-name-%06.0f' 1 100000 | xargs touch")
        var cursor: [UInt8] = []
        var all: [[UInt8]] = []
        while true {
            guard
                case .entries(let entries, let more) = try harness.answer(.list(path: directory.path.bytes, cursor: cursor, limit: 10_000))
            else { return }
            all += entries.map(\.path)
            cursor = all.last ?? []
            if !more { break }
        }
        #expect(all.count == 100_000)
        #expect(all.first?.text == "entry-with-a-long-name-000001")
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
        #expect(try harness.failure(.remove(path: directory.path.bytes, recursive: true)) == nil)
    }

    @Test
    func `directories are made with their mode, and parents when asked`() throws {
        #expect(try harness.failure(.makeDirectory(path: directory("a/b/c"), mode: 0o700, parents: false)) == .notFound)
        #expect(try harness.failure(.makeDirectory(path: directory("a/b/c/"), mode: 0o1777, parents: true)) == nil)
        #expect(directory.mode("a/b/c") == 0o1777)
        #expect(directory.mode("a/b") == 0o755)
        #expect(try harness.failure(.makeDirectory(path: directory("a/b/c"), mode: 0o700, parents: true)) == nil)
        #expect(try harness.failure(.makeDirectory(path: directory("a"), mode: 0o700, parents: false)) == .alreadyExists)
        try directory.write("", to: "f")
        #expect(try harness.failure(.makeDirectory(path: directory("f"), mode: 0o700, parents: true)) == .alreadyExists)
        #expect(try harness.failure(.makeDirectory(path: directory("f/x"), mode: 0o700, parents: true)) == .notDirectory)
        symlink("nowhere", "\(directory.path)/dangling")
        #expect(try harness.failure(.makeDirectory(path: directory("dangling/x"), mode: 0o700, parents: true)) == .alreadyExists)
    }

    @Test
    func `a tree is removed without following links`() throws {
        shell(
            "cd '\(directory.path)' && mkdir -p keep t/a/b && touch keep/f t/f t/a/f && ln -s ../keep t/link && ln -s ../../keep t/a/link")
        #expect(try harness.failure(.remove(path: directory("t"), recursive: false)) == .notEmpty)
        #expect(try harness.failure(.remove(path: directory("t"), recursive: true)) == nil)
        #expect(!directory.exists("t"))
        #expect(directory.exists("keep/f"))
        #expect(try harness.failure(.remove(path: directory("t"), recursive: true)) == .notFound)
        symlink("keep", "\(directory.path)/link")
        #expect(try harness.failure(.remove(path: directory("link"), recursive: true)) == nil)
        #expect(directory.exists("keep/f"))
        #expect(try harness.failure(.remove(path: "/".bytes, recursive: true)) == .invalidArgument)
        #expect(try harness.failure(.remove(path: directory("keep/.."), recursive: true)) == .invalidArgument)
    }

    @Test
    func `a tree deeper than any path is walked and removed with few descriptors`() throws {
        // 600 levels of 200 bytes: 120,000 bytes of path.
        shell(
            """
            cd '\(directory.path)' && mkdir t && cd t && n=$(printf 'd%.0s' $(seq 200)) && \
            python3 -c "
            import os
            for i in range(600):
                os.mkdir('$n'); os.chdir('$n')
                if i % 100 == 0: open('f', 'w').close()
            "
            """)
        let entries = try harness.entries(.manifest(root: directory("t"), digests: true))
        #expect(entries.count == 606)
        #expect(entries.map(\.path.count).max().map { $0 > 100_000 } == true)
        #expect(try harness.failure(.remove(path: directory("t"), recursive: true)) == nil)
        #expect(!directory.exists("t"))
    }

    @Test
    func `a move replaces only when it may`() throws {
        try directory.write("a", to: "a")
        try directory.write("b", to: "b")
        #expect(try harness.failure(.move(from: directory("a"), to: directory("b"), overwrite: false)) == .alreadyExists)
        #expect(directory.text("b") == "b")
        #expect(try harness.failure(.move(from: directory("a"), to: directory("b"), overwrite: true)) == nil)
        #expect(directory.text("b") == "a")
        #expect(try harness.failure(.move(from: directory("none"), to: directory("c"), overwrite: true)) == .notFound)
        shell("cd '\(directory.path)' && mkdir -p d/e full/x")
        #expect(try harness.failure(.move(from: directory("d"), to: directory("d/e/f"), overwrite: true)) == .invalidArgument)
        #expect(try harness.failure(.move(from: directory("d"), to: directory("full"), overwrite: true)) == .notEmpty)
    }

    @Test(.enabled(if: access("/dev/shm", W_OK) == 0 && shell("stat -c %d /dev/shm /tmp | uniq | wc -l") == "2\n"))
    func `a move to another file system takes everything along`() throws {
        let other = try TemporaryDirectory(in: "/dev/shm")
        shell(
            """
            cd '\(directory.path)' && mkdir -p t/sub/ro t/empty && echo hello > t/f && chmod 4755 t/f && ln -s f t/link && echo x > t/sub/ro/x && \
            touch -d '2001-02-03 04:05:06.789' t/f t/sub t && chmod 555 t/sub/ro
            """)
        let before = shell("cd '\(directory.path)/t' && find . -printf '%P %y %m %T@ %l\\n' | sort")
        try other.write("taken", to: "taken")
        #expect(try harness.failure(.move(from: directory("t"), to: other("taken"), overwrite: false)) == .alreadyExists)
        #expect(try harness.failure(.move(from: directory("t"), to: other("moved"), overwrite: false)) == nil)
        let after = shell("cd '\(other.path)/moved' && find . -printf '%P %y %m %T@ %l\\n' | sort")
        #expect(after.split(separator: "\n").filter { !$0.contains(" l ") } == before.split(separator: "\n").filter { !$0.contains(" l ") })
        #expect(!directory.exists("t"))
        #expect(shell("ls -A '\(other.path)'") == "moved\ntaken\n")
        #expect(try harness.failure(.move(from: other("moved/f"), to: directory("taken"), overwrite: true)) == nil)
        #expect(directory.text("taken") == "hello\n")
    }

    @Test
    func `links and modes are set`() throws {
        #expect(try harness.failure(.makeSymbolicLink(path: directory("l"), target: "../x y".bytes)) == nil)
        #expect(shell("readlink '\(directory.path)/l'") == "../x y\n")
        #expect(try harness.failure(.makeSymbolicLink(path: directory("l"), target: "z".bytes)) == .alreadyExists)
        #expect(try harness.failure(.makeSymbolicLink(path: directory("m"), target: [])) == .invalidArgument)
        try directory.write("", to: "f")
        #expect(try harness.failure(.changeMode(path: directory("f"), mode: 0o751)) == nil)
        #expect(directory.mode("f") == 0o751)
        #expect(try harness.failure(.changeMode(path: directory("f"), mode: 0o170000)) == .invalidArgument)
    }

    @Test
    func `a request that is no file request is unsupported`() throws {
        #expect(try harness.failure(.listExecs) == .unsupported)
    }
}

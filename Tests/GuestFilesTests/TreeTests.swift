import Glibc
import GuestFiles
import GuestProtocol
import Testing

@Suite("Trees")
struct TreeTests {
    let harness = Harness()

    private func manifest(_ directory: TemporaryDirectory) throws -> [TreeEntry] {
        try harness.entries(.manifest(root: directory.path.bytes, digests: true))
    }

    /// What a copy of the tree must share.
    private func essence(_ entries: [TreeEntry]) -> [TreeEntry] {
        entries.map { entry in
            TreeEntry(
                path: entry.path, kind: entry.kind, mode: entry.mode & 0o1777, size: entry.kind == .directory ? 0 : entry.size,
                modified: entry.modified,
                linkTarget: entry.linkTarget, digest: entry.digest)
        }
    }

    private func copy(_ source: TemporaryDirectory, to target: TemporaryDirectory, paths: [[UInt8]] = []) throws -> [[UInt8]] {
        let exported = try harness.collect(harness.start(.exportTree(root: source.path.bytes, paths: paths)))
        let upload = exported.compactMap { message -> HostMessage? in
            switch message {
            case .treeEntry(var entry):
                // In an import it would say what must be there.
                entry.changed = 0
                return .treeEntry(entry)
            case .chunk(let bytes): return .chunk(bytes)
            default: return nil
            }
        }
        return try harness.upload(upload, to: harness.open(.importTree(root: target.path.bytes)))
    }

    @Test
    func `a manifest is in the order of path components`() throws {
        let directory = try TemporaryDirectory()
        shell("cd '\(directory.path)' && mkdir -p a/b a-b A && touch a/z a/b/c a-b/x a.txt A/é && ln -s a link && mkfifo p")
        let entries = try manifest(directory)
        #expect(entries.map(\.path.text) == ["A", "A/é", "a", "a/b", "a/b/c", "a/z", "a-b", "a-b/x", "a.txt", "link", "p"])
        #expect(entries.map(\.kind.rawValue) == [2, 1, 2, 2, 1, 1, 2, 1, 1, 3, 4])
        #expect(entries.allSatisfy { ($0.kind == .regular) == (($0.digest.count == 32)) })
        let plain = try harness.entries(.manifest(root: directory.path.bytes, digests: false))
        #expect(plain.map(\.path) == entries.map(\.path))
        #expect(plain.allSatisfy { $0.digest.isEmpty })
        #expect(try harness.failure(.manifest(root: directory("a.txt"), digests: true)) == .notDirectory)
    }

    @Test(arguments: 1...8)
    func `a tree that is exported and imported has the same manifest`(seed: UInt64) throws {
        var dice = Dice(state: seed)
        let (source, target) = (try TemporaryDirectory(), try TemporaryDirectory())
        try RandomTree.fill(source.path.bytes, nodes: 150, &dice)
        #expect(try copy(source, to: target).isEmpty)
        let expected = essence(try manifest(source))
        #expect(expected.count > 20)
        #expect(essence(try manifest(target)) == expected)
        // Once more over what is there: nothing may change.
        #expect(try copy(source, to: target).isEmpty)
        #expect(essence(try manifest(target)) == expected)
    }

    @Test
    func `named paths come alone, in order, and missing ones not at all`() throws {
        let (source, target) = (try TemporaryDirectory(), try TemporaryDirectory())
        shell("cd '\(source.path)' && mkdir -p d/e && echo 1 > d/e/f && echo 2 > d/g && ln -s d l && echo 3 > x")
        let paths = ["x", "d/e/f", "none", "d", "x", "l/g"].map(\.bytes)
        let exported = try harness.collect(harness.start(.exportTree(root: source.path.bytes, paths: paths)))
        let names = exported.compactMap { if case .treeEntry(let entry) = $0 { entry.path.text } else { nil } }
        #expect(names == ["d", "d/e/f", "x"])
        #expect(try copy(source, to: target, paths: ["d/e/f".bytes]).isEmpty)
        #expect(target.text("d/e/f") == "1\n")
        for path in ["../x", "/etc/passwd", "", "d//g", "d/../x"] {
            #expect(try harness.failure(.exportTree(root: source.path.bytes, paths: [path.bytes])) == .invalidArgument)
        }
    }

    @Test
    func `a large tree is hashed in order by several threads`() throws {
        let directory = try TemporaryDirectory()
        shell("cd '\(directory.path)' && for d in $(seq 1 30); do mkdir d$d; for f in $(seq 1 40); do echo $d $f > d$d/f$f; done; done")
        let entries = try manifest(directory)
        #expect(entries.count == 30 * 41)
        let printed = entries.filter { $0.kind == .regular }.map { "\($0.digest.hex)  ./\($0.path.text)\n" }.sorted().joined()
        #expect(printed == shell("cd '\(directory.path)' && find . -type f -exec sha256sum {} + | LC_ALL=C sort"))
    }
}

/// Trees with everything that makes names difficult.
enum RandomTree {
    static func fill(_ root: [UInt8], nodes: Int, _ dice: inout Dice) throws {
        var folders = [root]
        for _ in 0..<nodes {
            guard let folder = folders.randomElement(using: &dice) else { return }
            let path = folder + [0x2F] + name(&dice)
            guard path.count < 3000 else { continue }
            let text = path.map { CChar(bitPattern: $0) } + [0]
            switch Int.random(in: 0..<10, using: &dice) {
            case 0, 1, 2: if mkdir(text, 0o755) == 0 { folders.append(path) }
            case 3:
                let target = name(&dice).map { CChar(bitPattern: $0) } + [0]
                symlink(target, text)
            default:
                let number = open(text, O_WRONLY | O_CREAT | O_EXCL, 0o644)
                guard number >= 0 else { continue }
                let largest = Int.random(in: 0..<8, using: &dice) == 0 ? 700_000 : 5000
                let bytes = (0..<Int.random(in: 0...largest, using: &dice)).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
                _ = Glibc.write(number, bytes, bytes.count)
                fchmod(number, [0o644, 0o755, 0o600, 0o444, 0o4755].randomElement(using: &dice) ?? 0o644)
                close(number)
            }
        }
        // Times before 1970 too, modes that forbid writing, deepest first.
        for folder in folders.dropFirst().reversed() {
            let text = folder.map { CChar(bitPattern: $0) } + [0]
            chmod(text, [0o755, 0o555, 0o700, 0o1777].randomElement(using: &dice) ?? 0o755)
            let seconds = Int.random(in: -1_000_000_000...1_700_000_000, using: &dice)
            let times = [timespec(tv_sec: seconds, tv_nsec: 123_456_789), timespec(tv_sec: seconds, tv_nsec: 987_654_321)]
            utimensat(AT_FDCWD, text, times, 0)
        }
    }

    private static func name(_ dice: inout Dice) -> [UInt8] {
        let special: [[UInt8]] = [
            "with space".bytes, "line\nend".bytes, [0xFF, 0xFE], [0xC3], "-rf".bytes, "*".bytes, "é".bytes, "…".bytes, "'\"\\".bytes,
            " ".bytes,
            [UInt8](repeating: 0x6E, count: 255), [1, 2, 127], ".hidden".bytes, "a".bytes, "a.b".bytes, "a-b".bytes,
        ]
        if Bool.random(using: &dice), let name = special.randomElement(using: &dice) { return name }
        return (0..<Int.random(in: 1...12, using: &dice)).map { _ in
            let byte = UInt8.random(in: 1...255, using: &dice)
            return byte == 0x2F || byte == 0x2E ? 0x5F : byte
        }
    }
}

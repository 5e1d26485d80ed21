import GuestProtocol
import Testing

@Suite(.timeLimit(.minutes(1)))
struct NewFolderTests {
    private func entry(_ path: String, _ kind: FileKind, size: Int = 0) -> HostMessage {
        .treeEntry(
            TreeEntry(
                path: path.bytes, kind: kind, mode: kind == .directory ? 0o750 : 0o640, size: UInt64(size), modified: 1_000_000_000,
                changed: TreeEntry.nothing))
    }

    private func file(_ path: String, _ content: String) -> [HostMessage] {
        [entry(path, .regular, size: content.utf8.count), .chunk(content.bytes)]
    }

    @Test("new folders have their names, modes and times once they are complete, and nothing else is left")
    func complete() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        let messages =
            [entry("a", .directory)] + file("a/1", "one") + [entry("a/b", .directory)] + file("a/b/2", "two") + file("a/c", "three")
            + [entry("empty", .directory)] + file("top", "four")
        #expect(try harness.upload(messages, to: try harness.open(.importTree(root: scratch.path.bytes))) == [])
        let found = shell("cd '\(scratch.path)' && find . -mindepth 1 -printf '%p %m %T@\\n' | sort")
        #expect(
            found == """
                ./a 750 1.0000000000
                ./a/1 640 1.0000000000
                ./a/b 750 1.0000000000
                ./a/b/2 640 1.0000000000
                ./a/c 640 1.0000000000
                ./empty 750 1.0000000000
                ./top 640 1.0000000000

                """)
        #expect(shell("cat '\(scratch.path)'/a/1 '\(scratch.path)'/a/b/2 '\(scratch.path)'/a/c") == "onetwothree")
    }

    /// The answer to an entry that cannot be taken: what came before it was looked at by then.
    private func waitForRefusal(_ harness: Harness, _ stream: UInt64, in folder: String) throws {
        harness.send(entry(folder + "/" + String(repeating: "x", count: 256), .regular), on: stream)
        guard case .refused = try harness.next(stream) else { throw Harness.TimedOut() }
    }

    @Test("when somebody was quicker with a folder, all that should go into it is refused and theirs stays")
    func somebodyWasQuicker() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        let stream = try harness.open(.importTree(root: scratch.path.bytes))
        for message in [entry("d", .directory)] + file("d/f", "ours") + [entry("d/sub", .directory)] + file("d/sub/g", "ours") {
            harness.send(message, on: stream)
        }
        try waitForRefusal(harness, stream, in: "d")
        shell("mkdir '\(scratch.path)/d' && echo theirs > '\(scratch.path)/d/h'")
        #expect(Set(try harness.upload(file("top", "ours"), to: stream)) == Set(["d", "d/f", "d/sub", "d/sub/g"].map(\.bytes)))
        #expect(shell("cd '\(scratch.path)' && find . -mindepth 1 | sort") == "./d\n./d/h\n./top\n")
    }

    @Test("an import that is cut off leaves whole files in their places, and nothing of others")
    func cutOff() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        let stream = try harness.open(.importTree(root: scratch.path.bytes))
        for message in [entry("d", .directory)] + file("d/whole", "all of it") { harness.send(message, on: stream) }
        try waitForRefusal(harness, stream, in: "d")
        for message in [entry("d/z", .regular, size: 100), .chunk("half".bytes)] { harness.send(message, on: stream) }
        harness.send(.cancel, on: stream)
        guard case .failure(let failure) = try harness.next(stream) else { throw Harness.TimedOut() }
        #expect(failure.code == .superseded)
        #expect(shell("cd '\(scratch.path)' && find . -mindepth 1 | sort") == "./d\n./d/whole\n")
    }

    @Test("many small files and one name twice: the last one counts, as it would with one thread")
    func order() throws {
        let (harness, scratch) = (Harness(), try TemporaryDirectory())
        func replacing(_ path: String, _ content: String) -> [HostMessage] {
            [
                .treeEntry(TreeEntry(path: path.bytes, kind: .regular, mode: 0o644, size: UInt64(content.utf8.count), modified: 0)),
                .chunk(content.bytes),
            ]
        }
        var messages: [HostMessage] = []
        for round in 0..<20 { for name in 0..<50 { messages += replacing("f\(name)", "\(round)") } }
        messages += replacing("f7/below", "a file is in the way")
        #expect(try harness.upload(messages, to: try harness.open(.importTree(root: scratch.path.bytes))) == ["f7/below".bytes])
        #expect(shell("cd '\(scratch.path)' && for f in $(ls -A); do cat $f; echo; done | sort | uniq -c | tr -d ' '") == "5019\n")
    }
}

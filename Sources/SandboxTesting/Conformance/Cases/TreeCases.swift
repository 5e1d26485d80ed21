import SandboxCore
import SystemPackage

/// Whole trees: manifest, export, import.
enum TreeCases {
    static let all: [ConformanceCase] = [
        FileCases.files("manifest", "a manifest names every node once, parents first, with the digests of the contents") { c, sandbox in
            try await fill(c, sandbox)
            var entries: [FileEntry] = []
            for try await entry in try await sandbox.files.manifest(of: "tree", digests: true) { entries.append(entry) }
            let expected = [".hidden", "empty", "odd name\n!", "sub", "sub/link", "sub/tool"]
            try c.expect(entries.map(\.path.string).sorted(), equals: expected, "the paths")
            for (index, entry) in entries.enumerated() {
                let parent = entry.path.removingLastComponent()
                guard !parent.isEmpty else { continue }
                try c.expect(entries[..<index].contains { $0.path == parent }, "\(parent) before \(entry.path)", found: "it later or never")
            }
            let tool = entries.first { $0.path == "sub/tool" }
            try c.expect(tool?.digest ?? [], equals: SHA256.digest(of: Array("#!/bin/sh\n".utf8)), "the tool's digest")
            try c.expect(tool?.mode, equals: 0o755, "the tool's mode")
            try c.expect(entries.first { $0.path == "sub/link" }?.linkTarget, equals: "tool", "the link's target")
        },
        FileCases.files("manifest-follows-changes", "a changed content changes the digest") { c, sandbox in
            try await sandbox.files.write(text: "one", to: "t/f", options: FileWriteOptions(createsParents: true))
            let first = try await digest("t", sandbox)
            try await sandbox.files.write(text: "two", to: "t/f")
            let second = try await digest("t", sandbox)
            try c.expect(
                first == SHA256.digest(of: Array("one".utf8)) && second == SHA256.digest(of: Array("two".utf8)), "both digests",
                found: "others")
        },
        FileCases.files(
            "tree-round-trip", "a tree that is exported and imported is the same: contents, modes, times, links, empty folders, odd names"
        ) { c, sandbox in
            try await fill(c, sandbox)
            var items: [TreeItem] = []
            for try await item in try await sandbox.files.export("tree", paths: []) { items.append(item) }
            let other = try await c.makeSandbox()
            try await other.files.makeDirectory("copy", mode: 0o755, parents: false)
            let refused = try await other.files.import(MemoryFiles.stream(items), into: "copy")
            try c.expect(refused.count, equals: 0, "the refused entries")
            let before = try await manifest("tree", sandbox)
            let after = try await manifest("copy", other)
            try c.expect(after, equals: before, "the copy")
        },
        FileCases.files("export-chosen", "an export of chosen paths holds them and no others") { c, sandbox in
            try await fill(c, sandbox)
            var paths: [String] = []
            for try await item in try await sandbox.files.export("tree", paths: ["sub/tool"]) {
                if case .entry(let entry) = item, entry.kind != .directory { paths.append(entry.path.string) }
            }
            try c.expect(paths, equals: ["sub/tool"], "the paths")
        },
        FileCases.files("export-sizes", "a file's content follows its entry and has exactly its size") { c, sandbox in
            try await sandbox.files.write(
                [UInt8](repeating: 9, count: 700_001), to: "t/big", options: FileWriteOptions(createsParents: true))
            var size: UInt64 = 0
            var count: UInt64 = 0
            for try await item in try await sandbox.files.export("t", paths: []) {
                switch item {
                case .entry(let entry): size = entry.size
                case .content(let bytes): count += UInt64(bytes.count)
                case .copy(_, let length): try c.expect(length, equals: 0, "what an export leaves to be copied")
                }
            }
            try c.expect([size, count], equals: [700_001, 700_001], "size and content")
        },
        hostile("parent", [entry("../escaped", content: "x")], refused: ["../escaped"]),
        hostile("absolute", [entry("/tmp/escaped", content: "x")], refused: ["/tmp/escaped"]),
        hostile("inner-parent", [entry("a/../../escaped", content: "x")], refused: ["a/../../escaped"]),
        hostile("through-link", [link("door", to: ".."), entry("door/escaped", content: "x")], refused: ["door/escaped"]),
        hostile("through-absolute-link", [link("door", to: "/tmp"), entry("door/escaped", content: "x")], refused: ["door/escaped"]),
        FileCases.files("import-over-link", "an imported file replaces a link of its name and does not write through it") { c, sandbox in
            _ = try await c.output(of: "mkdir root; echo precious >outside; ln -s ../outside root/f", in: sandbox)
            _ = try await sandbox.files.import(stream([entry("f", content: "new")]), into: "root")
            try c.expect(try await c.output(of: "cat outside", in: sandbox), equals: "precious", "the file outside")
        },
        FileCases.files("import-good-beside-bad", "a refused entry does not stop the good ones") { c, sandbox in
            try await sandbox.files.makeDirectory("root", mode: 0o755, parents: false)
            let refused = try await sandbox.files.import(
                stream([entry("one", content: "1"), entry("../bad", content: "x"), entry("two", content: "2")]), into: "root")
            try c.expect(refused.map(\.path.string), equals: ["../bad"], "the refused")
            try c.expect(try await c.output(of: "cat root/one root/two", in: sandbox), equals: "12", "the good ones")
        },
    ]

    private typealias Item = [TreeItem]

    private static func entry(_ path: FilePath, content: String) -> Item {
        [
            .entry(
                FileEntry(path: path, kind: .regular, mode: 0o644, size: UInt64(content.utf8.count), modified: 1_700_000_000_000_000_000)),
            .content(Array(content.utf8)),
        ]
    }

    private static func link(_ path: FilePath, to target: FilePath) -> Item {
        [.entry(FileEntry(path: path, kind: .symbolicLink, mode: 0o777, size: 0, modified: 1_700_000_000_000_000_000, linkTarget: target))]
    }

    private static func stream(_ items: [Item]) -> SandboxStream<TreeItem> { MemoryFiles.stream(items.flatMap { $0 }) }

    private static func hostile(_ name: String, _ items: [Item], refused expected: [String]) -> ConformanceCase {
        FileCases.files(
            "import-hostile-\(name)", "an entry that leads out of the tree (\(name)) is refused by name, and nothing is written outside"
        ) { c, sandbox in
            try await sandbox.files.makeDirectory("a/root", mode: 0o755, parents: true)
            let refused = try await sandbox.files.import(stream(items), into: "a/root")
            try c.expect(refused.map(\.path.string), equals: expected, "the refused entries")
            let outside = try await c.shell("test -e escaped || test -e a/escaped || test -e /tmp/escaped", in: sandbox)
            try c.expect(outside.outcome, equals: .exited(code: 1), "the test for an escape")
        }
    }

    private static func fill(_ c: ConformanceContext, _ sandbox: any Sandbox) async throws {
        let files = sandbox.files
        try await files.makeDirectory("tree/sub", mode: 0o755, parents: true)
        try await files.makeDirectory("tree/empty", mode: 0o711, parents: false)
        try await files.write(text: "#!/bin/sh\n", to: "tree/sub/tool", options: FileWriteOptions(mode: 0o755))
        try await files.makeSymbolicLink("tree/sub/link", target: "tool")
        try await files.write([0, 255, 10, 13, 0], to: "tree/odd name\n!", options: FileWriteOptions(mode: 0o600))
        try await files.write(text: "", to: "tree/.hidden")
    }

    private static func digest(_ root: FilePath, _ sandbox: any Sandbox) async throws -> [UInt8] {
        for try await entry in try await sandbox.files.manifest(of: root, digests: true) where entry.kind == .regular {
            return entry.digest ?? []
        }
        return []
    }

    /// What must survive a round trip, a line per node; the time of a link cannot be carried over everywhere.
    private static func manifest(_ root: FilePath, _ sandbox: any Sandbox) async throws -> [String] {
        var lines: [String] = []
        for try await entry in try await sandbox.files.manifest(of: root, digests: true) {
            let time = entry.kind == .symbolicLink ? 0 : entry.modified
            let mode = entry.kind == .symbolicLink ? 0 : entry.mode
            lines.append(
                "\(entry.path) \(entry.kind) \(String(mode, radix: 8)) \(time) \(entry.linkTarget?.string ?? "") \(Hexadecimal.text(entry.digest ?? []))"
            )
        }
        return lines.sorted()
    }
}

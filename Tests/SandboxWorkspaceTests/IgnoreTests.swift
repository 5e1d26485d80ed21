import Foundation
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxWorkspace

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Ignore rules", .timeLimit(.minutes(10)))
struct IgnoreTests {
    /// Patterns that meet every rule of the language at least once.
    private static let patterns = [
        "*.o", "/top", "a/b", "a/", "!a/keep.o", "**/deep", "a/**", "a/**/c", "*", "!*/", "!*.txt", "b[ac]d", "b[!a]d", "[[:upper:]]*",
        "q?z",
        "\\!x", "\\#y", "trail ", "trail\\ ", "# comment", "", "  ", "foo*bar", "**", "a**b", "/a/*/c", "*.[oa]", "[a-c]x", "c/d/", "!c",
        "d",
        "\\*star", "a\\b", "x[", "[]]z", "w/*", "!w/v", "w/v/", ".hid", "*~", "/*", "!/a",
    ]
    private static let names = [
        "a", "b", "c", "d", "top", "deep", "keep.o", "x.o", "y.txt", "bad", "bcd", "Up", "qaz", "!x", "#y", "trail", "fooxbar", "ab", "axb",
        "w",
        "v", "*star", "ax", "]z", ".hid", "k~",
    ]

    @Test("they say what git says", arguments: [UInt64(1), 2, 3, 4])
    func likeGit(seed: UInt64) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "sandlot-ignore-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        var random = SeededGenerator(state: seed)
        for round in 0..<25 {
            let place = root.appending(path: "\(round)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try #require(run(["git", "-c", "init.defaultBranch=main", "init", "-q", place.path]).status == 0)
            var folders = [""]
            for _ in 0..<6 {
                guard let parent = folders.randomElement(using: &random), let name = Self.names.randomElement(using: &random) else {
                    continue
                }
                let folder = parent.isEmpty ? name : parent + "/" + name
                try FileManager.default.createDirectory(at: place.appending(path: folder), withIntermediateDirectories: true)
                folders.append(folder)
            }
            for folder in folders {
                for _ in 0..<5 {
                    guard let name = Self.names.randomElement(using: &random) else { continue }
                    let file = place.appending(path: folder).appending(path: name)
                    if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
                }
            }
            for folder in [""] + folders.filter({ _ in Bool.random(using: &random) }) {
                let lines = (0..<Int.random(in: 1...5, using: &random)).compactMap { _ in Self.patterns.randomElement(using: &random) }
                try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: place.appending(path: folder).appending(path: ".gitignore"))
            }
            try compare(place, "seed \(seed), round \(round)")
        }
    }

    private func compare(_ place: URL, _ label: String) throws {
        var sync = WorkspaceSync(directory: "/", excludesDependencies: false, ignoreFiles: [".gitignore"])
        sync.excludes = []
        var files: [TreePath: [UInt8]] = [:]
        var paths: [(path: TreePath, isDirectory: Bool)] = []
        let walker = FileManager.default.enumerator(atPath: place.path)
        while let relative = walker?.nextObject() as? String {
            guard relative != ".git", !relative.hasPrefix(".git/"), let path = TreePath(relative) else { continue }
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: place.appending(path: relative).path, isDirectory: &isDirectory)
            paths.append((path, isDirectory.boolValue))
            if path.name.elementsEqual(".gitignore".utf8) {
                files[path] = Array(try Data(contentsOf: place.appending(path: relative)))
            }
        }
        paths.sort { $0.path < $1.path }
        var walk = RuleWalk(IgnoreRules(sync), files)
        let mine = Set(paths.filter { walk.ignores($0.path, isDirectory: $0.isDirectory) }.map { $0.path.description })
        let input = paths.map { $0.path.description + "\0" }.joined()
        let git = try run(["git", "-C", place.path, "check-ignore", "-z", "--stdin", "--no-index"], input: input)
        let theirs = Set(git.output.split(separator: "\0").map(String.init))
        let wrong = mine.symmetricDifference(theirs).sorted()
        #expect(
            wrong.isEmpty,
            "\(label): \(wrong.map { "\($0) ours \(mine.contains($0))" }) with \(files.map { ($0.key.description, String(decoding: $0.value, as: UTF8.self)) })"
        )
    }

    @Test("dependency folders are left out unless the session wants them or an ignore file takes them back")
    func defaults() throws {
        func ignores(_ text: String, _ sync: WorkspaceSync, _ files: [String: String] = [:]) throws -> Bool {
            let contents = try files.map { (try #require(TreePath($0.key)), Array($0.value.utf8)) }
            var walk = RuleWalk(IgnoreRules(sync), Dictionary(contents, uniquingKeysWith: { first, _ in first }))
            return walk.ignores(try #require(TreePath(text)), isDirectory: true)
        }
        let plain = WorkspaceSync(directory: "/w")
        #expect(try ignores("node_modules", plain))
        #expect(try !ignores("node_modules", WorkspaceSync(directory: "/w", excludesDependencies: false)))
        #expect(try !ignores("node_modules", plain, [".sandlotignore": "!node_modules/\n"]))
        #expect(try ignores("out", WorkspaceSync(directory: "/w", excludes: ["out/"]), [".gitignore": "!out/\n"]))
        #expect(try ignores(".sandlot", plain))
    }

    private func run(_ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        try process.run()
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

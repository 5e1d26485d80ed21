import Foundation
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxWorkspace

@Suite("Merging text", .timeLimit(.minutes(10)))
struct TextMergeTests {
    private func merge(_ base: String, _ host: String, _ sandbox: String) -> String? {
        TextMerge.merge(base: Array(base.utf8), host: Array(host.utf8), sandbox: Array(sandbox.utf8)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test("changes that do not touch are both taken, and the same change once")
    func clean() {
        let base = "1\n2\n3\n4\n5\n6\n7\n"
        #expect(merge(base, "one\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\n5\n6\nseven\nand more") == "one\n2\n3\n4\n5\n6\nseven\nand more")
        #expect(merge(base, "0\n1\n2\n3\n5\n6\n7\n", "1\n2\n3\n4\n5\n6\n") == "0\n1\n2\n3\n5\n6\n")
        #expect(merge(base, "1\n2\nx\n4\n5\n6\n7\n", "1\n2\nx\n4\n5\n6\n7\n8\n") == "1\n2\nx\n4\n5\n6\n7\n8\n")
        #expect(merge(base, base, "other") == "other")
        #expect(merge(base, "", base) == "")
    }

    @Test("changes that overlap or touch are left to people, and so is what is no text")
    func unclean() {
        let base = "1\n2\n3\n4\n"
        #expect(merge(base, "1\nx\n3\n4\n", "1\ny\n3\n4\n") == nil)
        #expect(merge(base, "1\nx\n3\n4\n", "1\n2\ny\n4\n") == nil)
        #expect(merge(base, "1\n2\n3\n4\nx\n", "1\n2\n3\n4\ny\n") == nil)
        #expect(merge("1\n\0\n3\n4\n", "x\n\0\n3\n4\n", "1\n\0\n3\ny\n") == nil)
    }

    @Test("it says what git says")
    func likeGit() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/git") else { return }
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-merge-\(UUID().uuidString)").path)
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        var random = SeededGenerator(state: 5)
        var clean = 0
        for round in 0..<120 {
            let base = (0..<Int.random(in: 0..<30, using: &random)).map { "line \($0)\n" }
            func edited() -> String {
                var lines = base
                for _ in 0..<Int.random(in: 0..<3, using: &random) {
                    let at = Int.random(in: 0...lines.count, using: &random)
                    let end = min(lines.count, at + Int.random(in: 0..<3, using: &random))
                    let new = (0..<Int.random(in: 0..<3, using: &random)).map { _ in "new \(UInt8.random(in: 0..<3, using: &random))\n" }
                    lines.replaceSubrange(at..<end, with: new)
                }
                return lines.joined()
            }
            let texts = (base: base.joined(), host: edited(), sandbox: edited())
            for (name, text) in [("base", texts.base), ("host", texts.host), ("sandbox", texts.sandbox)] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder.appending(name).string))
            }
            let git = Process()
            git.executableURL = URL(fileURLWithPath: "/usr/bin/git")
            git.arguments = ["merge-file", "-p", "-q", "host", "base", "sandbox"]
            git.currentDirectoryURL = URL(fileURLWithPath: folder.string)
            let pipe = Pipe()
            git.standardOutput = pipe
            git.standardError = FileHandle.nullDevice
            try git.run()
            let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            git.waitUntilExit()
            let wanted = git.terminationStatus == 0 ? output : nil
            #expect(merge(texts.base, texts.host, texts.sandbox) == wanted, "round \(round): \(texts)")
            if wanted != nil { clean += 1 }
        }
        #expect(clean > 20)
    }

    @Test("a pull merges what both sides changed, and a push takes it inside")
    func pulled() async throws {
        try await SyncFixture.run { f in
            let base = (0..<20).map { "line \($0)\n" }.joined()
            try f.write(base, "f")
            try f.write("bin\u{0}1", "b")
            let merging: (inout WorkspaceSync) -> Void = { $0.mergesText = true }
            _ = try await f.push(merging)
            try f.write(base.replacingOccurrences(of: "line 2\n", with: "host\n"), "f")
            try f.write("bin\u{0}2", "b")
            try await f.writeInside(base.replacingOccurrences(of: "line 15\n", with: "sandbox\n"), "f")
            try await f.writeInside("bin\u{0}3", "b")
            let report = try await f.pull(merging)
            #expect(report.merged.map(\.description) == ["f"] && report.conflicts.map(\.path.description) == ["b"], "\(report)")
            let both = base.replacingOccurrences(of: "line 2\n", with: "host\n").replacingOccurrences(of: "line 15\n", with: "sandbox\n")
            #expect(f.read("f") == both && f.read("b") == "bin\u{0}2")
            #expect(try await f.push(merging).changes.map(\.path.description) == ["f"])
            #expect(try await f.readInside("f") == both)

            // What touches stays a conflict, which can be merged when one side gave way.
            try f.write(both.replacingOccurrences(of: "line 9\n", with: "mine\n"), "f")
            try await f.writeInside(both.replacingOccurrences(of: "line 9\n", with: "theirs\n"), "f")
            #expect(try await f.pull(merging).merged.isEmpty)
            let kept = try f.work().conflicts.conflict("f")
            await #expect(throws: SandboxError.self) { try await WorkspaceSynchronizer.putMerged(kept, f.host, place: f.place) }
            #expect(f.read("f") == both.replacingOccurrences(of: "line 9\n", with: "mine\n"))
        }
    }
}

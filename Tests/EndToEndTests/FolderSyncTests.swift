import Foundation
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import Sandlot
import SystemPackage
import Testing

/// A guest tells which folders changed, and only those are looked into: whatever is done on either side, nothing may be overlooked for that.
@Suite(
    "Folders in a synced workspace", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: BuiltCommand.location != nil, "the guest is not built"))
struct FolderSyncTests {
    private func withSession(_ body: (Engine, SandboxSession, FilePath) async throws -> Void) async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-folders-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let project = root.appending("project")
        try FileManager.default.createDirectory(atPath: project.string, withIntermediateDirectories: true)
        try await Sandlot.withEngine(SandlotOptions(dataDirectory: root.appending("data"))) { engine in
            try Self.onHost(
                project, "mkdir -p a/b c; echo 1 > a/b/f; echo 2 > c/g; ln -s g c/link; echo 3 > top; echo '*.log' > .gitignore")
            let request = SessionRequest(workspace: .synced(WorkspaceSync(directory: project)))
            let session = try await engine.openSession(request)
            do {
                try await body(engine, session, project)
            } catch {
                try? await engine.close(session.id, force: true, discard: true)
                throw error
            }
            try await engine.close(session.id, force: true, discard: true)
        }
    }

    private static func onHost(_ project: FilePath, _ script: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-euc", script]
        process.currentDirectoryURL = URL(fileURLWithPath: project.string)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }

    private func inside(_ session: SandboxSession, _ script: String) async throws -> String {
        let result = try await session.run(["sh", "-euc", script])
        #expect(result.outcome.isSuccess, "\(result.errorText)")
        return result.outputText
    }

    private static let outline =
        "find . -mindepth 1 -name '*.log' -prune -o -printf '%p %y %m %l\\n' | sort; find . -name '*.log' -prune -o -type f -print | sort | xargs cat"

    private func expectEqual(_ session: SandboxSession, _ project: FilePath, _ what: Comment) async throws {
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-euc", Self.outline]
        process.currentDirectoryURL = URL(fileURLWithPath: project.string)
        process.standardOutput = pipe
        try process.run()
        let host = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(try await inside(session, Self.outline) == host, what)
    }

    @Test("what is changed inside, at any depth and in any way, comes out")
    func comesOut() async throws {
        try await withSession { _, session, project in
            let again = try await session.push()
            // The host's four may have been made too lately for their stamps to count; of those inside nobody asks again.
            #expect(again.isClean && again.readFiles <= 4 && again.total == 8, "\(again)")
            let edits = [
                "echo 4 >> a/b/f", "chmod 700 a/b", "mv top c/top", "ln -sfn ../a c/link", "mkdir -p new/er && echo 5 > new/er/f",
                "rm -r a/b", "touch noise.log && mkdir logs.log && echo 6 > logs.log/x", "echo 7 > c/g", "rmdir a && echo 8 > a",
                "rm a && mkdir a && echo 9 > a/again", "mv new newer && echo 10 > newer/er/g",
            ]
            for edit in edits {
                _ = try await inside(session, edit)
                let report = try await session.pull()
                #expect(report.conflicts.isEmpty && report.missed.isEmpty, "\(edit): \(report)")
                try await expectEqual(session, project, "\(edit)")
                let after = try await session.pull()
                #expect(after.isClean, "\(edit): \(after)")
            }
        }
    }

    @Test("edits of both sides, again and again, leave both sides equal", arguments: [UInt64(20_261_124)])
    func bothSides(seed: UInt64) async throws {
        try await withSession { _, session, project in
            var random = SeededGenerator(state: seed)
            func edits(_ side: String) -> String {
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    let folder = ["\(side)", "\(side)/x", "\(side)/x/y", "both"].randomElement(using: &random) ?? side
                    let file = "\(folder)/\(side)-\(Int.random(in: 0..<5, using: &random))"
                    return switch Int.random(in: 0..<5, using: &random) {
                    case 0: "rm -f \(file)"
                    case 1: "rm -rf \(side)/x/y"
                    case 2: "mkdir -p \(folder); ln -sfn target-\(Int.random(in: 0..<9, using: &random)) \(file)"
                    default: "mkdir -p \(folder); rm -f \(file); echo \(Int.random(in: 0..<1000, using: &random)) > \(file)"
                    }
                }.joined(separator: "\n")
            }
            for round in 0..<12 {
                try Self.onHost(project, edits("host") + "\ntrue")
                _ = try await inside(session, edits("guest") + "\ntrue")
                for report in [try await session.push(), try await session.pull()] {
                    #expect(report.conflicts.isEmpty && report.missed.isEmpty, "round \(round): \(report)")
                }
                try await expectEqual(session, project, "round \(round)")
            }
        }
    }

    @Test("ignored files inside are not overlooked once a rule lets them in")
    func rulesChange() async throws {
        try await withSession { _, session, project in
            _ = try await inside(session, "echo noise > a/b/n.log; mkdir d.log; echo deep > d.log/f")
            #expect(try await session.pull().isClean)
            try Self.onHost(project, "echo '# nothing' > .gitignore")
            _ = try await session.push()
            _ = try await session.pull()
            #expect(FileManager.default.contents(atPath: project.appending("a/b/n.log").string) == Data("noise\n".utf8))
            #expect(FileManager.default.contents(atPath: project.appending("d.log/f").string) == Data("deep\n".utf8))
        }
    }
}

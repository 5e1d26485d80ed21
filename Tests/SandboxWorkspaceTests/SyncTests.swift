import Foundation
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import SandboxWorkspace

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Pushing and pulling", .timeLimit(.minutes(10)))
struct SyncTests {
    @Test("a tree goes in, edits of both sides go the other way, and then nothing is left to do")
    func roundTrip() async throws {
        try await SyncFixture.run { f in
            try f.write("one", "a.txt")
            try f.write("#!/bin/sh\n", "bin/tool", mode: 0o755)
            try f.write("big" + String(repeating: "x", count: 700_000), "deep/er/big")
            try FileManager.default.createSymbolicLink(atPath: f.host.appending("link").string, withDestinationPath: "a.txt")
            try FileManager.default.createDirectory(atPath: f.host.appending("empty").string, withIntermediateDirectories: true)
            let first = try await f.push()
            #expect(first.changes.count == 8 && first.movedFiles == 3, "\(first)")
            #expect(try await f.readInside("a.txt") == "one")
            #expect(try await f.sandbox.files.stat(f.inside("bin/tool"), followsLinks: false).mode & 0o777 == 0o755)
            #expect(try await f.sandbox.files.stat(f.inside("link"), followsLinks: false).linkTarget == "a.txt")
            #expect(try await f.push().isClean)

            try await f.writeInside("two", "a.txt")
            try await f.writeInside("new", "made/inside.txt")
            try await f.sandbox.files.remove(f.inside("deep"), recursive: true)
            try f.write("theirs", "host.txt")
            try f.remove("empty")
            let pulled = try await f.pull()
            #expect(f.read("a.txt") == "two" && f.read("made/inside.txt") == "new" && f.read("deep/er/big") == nil)
            #expect(pulled.conflicts.isEmpty && pulled.missed.isEmpty && pulled.pending.count == 2, "\(pulled)")
            let pushed = try await f.push()
            #expect(pushed.changes.count == 2)
            #expect(try await f.readInside("host.txt") == "theirs")
            #expect(try await f.pull().isClean)
            #expect(!f.names().contains { $0.contains(".sandlot") }, "\(f.names())")
            #expect(try FileManager.default.contentsOfDirectory(atPath: f.place.string).filter { $0 != "conflicts" }.isEmpty)
        }
    }

    @Test("what both sides changed is kept on both, and its versions in the store")
    func conflict() async throws {
        try await SyncFixture.run { f in
            try f.write("base", "f")
            try f.write("base", "gone")
            _ = try await f.push()
            try f.write("host's", "f")
            try f.remove("gone")
            try await f.writeInside("sandbox's", "f")
            try await f.writeInside("edited", "gone")
            let report = try await f.pull()
            #expect(report.conflicts.map(\.path.description) == ["f", "gone"])
            #expect(f.read("f") == "host's" && f.read("gone") == nil)
            #expect(try await f.readInside("f") == "sandbox's")
            let store = f.work().conflicts
            let kept = try store.all()
            #expect(kept.count == 2)
            #expect(try store.content(of: kept[0], .sandbox) == Array("sandbox's".utf8))
            // Seen again it is the same one.
            _ = try await f.pull()
            #expect(try store.all() == kept)
        }
    }

    @Test(
        "a policy names the winner, and the loser's version is kept", arguments: [WorkspaceSync.ConflictPolicy.preferHost, .preferSandbox])
    func policies(policy: WorkspaceSync.ConflictPolicy) async throws {
        try await SyncFixture.run { f in
            try f.write("base", "f")
            _ = try await f.push()
            try f.write("host's", "f")
            try await f.writeInside("sandbox's", "f")
            _ = try await f.pull { $0.conflicts = policy }
            _ = try await f.push { $0.conflicts = policy }
            let winner = policy == .preferHost ? "host's" : "sandbox's"
            #expect(f.read("f") == winner)
            #expect(try await f.readInside("f") == winner)
            let store = f.work().conflicts
            let kept = try #require(try store.all().first)
            let loser: WorkspaceSide = policy == .preferHost ? .sandbox : .host
            #expect(kept.loser == loser)
            #expect(try store.content(of: kept, loser) == Array((loser == .host ? "host's" : "sandbox's").utf8))
            #expect(try await f.work { $0.conflicts = policy }.compare(f.base).isClean)
        }
    }

    @Test("what the host would obey, and what leads out, stays inside and is told")
    func refusals() async throws {
        try await SyncFixture.run { f in
            try f.write("[core]\n", ".git/config")
            try f.write("ref", ".git/HEAD")
            _ = try await f.push()
            try await f.writeInside("[core]\nfsmonitor=evil\n", ".git/config")
            try await f.writeInside("evil", ".git/hooks/pre-commit")
            try await f.writeInside("evil", "sub/.GIT/hooks/x")
            try await f.writeInside("other", ".git/HEAD")
            try await f.sandbox.files.makeSymbolicLink(f.inside("out"), target: "../../etc/passwd")
            try await f.sandbox.files.makeSymbolicLink(f.inside("abs"), target: "/etc/passwd")
            try await f.writeInside("bad name", "line\nbreak")
            let report = try await f.pull()
            #expect(
                Set(report.refused.map(\.path.description)) == [
                    ".git/config", ".git/hooks", ".git/hooks/pre-commit", "sub/.GIT/hooks", "sub/.GIT/hooks/x", "out", "abs", "line\nbreak",
                ], "\(report.refused)")
            #expect(f.read(".git/config") == "[core]\n" && f.read(".git/HEAD") == "other")
            #expect(!FileManager.default.fileExists(atPath: f.host.appending(".git/hooks").string))
            let store = f.work().conflicts
            let kept = try #require(try store.all().first { $0.path.description == ".git/hooks/pre-commit" })
            #expect(try store.content(of: kept, .sandbox) == Array("evil".utf8))
        }
    }

    @Test("a folder that became a link on the host is not followed")
    func linkedFolder() async throws {
        try await SyncFixture.run { f in
            try f.write("x", "d/f")
            _ = try await f.push()
            let outside = f.scratch.appending("outside")
            try FileManager.default.createDirectory(atPath: outside.string, withIntermediateDirectories: true)
            try Data("safe".utf8).write(to: URL(fileURLWithPath: outside.appending("f").string))
            try f.remove("d")
            try FileManager.default.createSymbolicLink(atPath: f.host.appending("d").string, withDestinationPath: outside.string)
            try await f.writeInside("evil", "d/f")
            try await f.writeInside("evil", "d/new")
            let report = try await f.pull()
            #expect(try String(contentsOfFile: outside.appending("f").string, encoding: .utf8) == "safe")
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside.string) == ["f"])
            #expect(!report.conflicts.isEmpty)
        }
    }

    @Test("an apply that was cut off is finished by the next start, at whatever step it was", arguments: 0..<7)
    func interrupted(steps: Int) async throws {
        try await SyncFixture.run { f in
            try f.write("one", "a")
            try f.write("two", "b")
            try f.write("three", "dir/c")
            _ = try await f.push()
            try await f.writeInside("ONE", "a")
            try await f.sandbox.files.remove(f.inside("b"), recursive: false)
            try await f.sandbox.files.remove(f.inside("dir"), recursive: true)
            try await f.writeInside("now a file", "dir")
            try await f.writeInside("new", "n/e/w")

            // As a pull does it, up to a step.
            let work = f.work()
            let tree = try HostTree(f.host)
            let staging = try await Staging.make(for: tree, preferred: f.place)
            let bag = try ContentBag(staging.path)
            let snapshot = try await Snapshot.take(work, tree, f.base, keep: bag)
            var known = snapshot
            let places = known.sandbox.entries.indices.filter { if case .file? = known.sandbox.entries[$0].node { true } else { false } }
            try await Reading(files: work.files, root: work.root, keep: bag, clock: nil).read(places, of: &known.sandbox)
            let plan = try StepPlan(known.decisions.filter { $0.change(on: .host) != nil }, known, bag)
            let journal = ApplyJournal(steps: plan.steps, results: plan.results)
            #expect(ApplyJournal(decoding: journal.encoded()) == journal)
            try staging.write(journal)
            var begun = journal
            begun.steps = Array(begun.steps.prefix(steps))
            #expect(Applier(tree: tree, bag: bag.directory).run(begun).isEmpty)

            let base = try await WorkspaceSynchronizer.recover(f.host, place: f.place, base: f.base, save: f.save)
            #expect(f.read("a") == "ONE" && f.read("b") == nil && f.read("dir") == "now a file" && f.read("n/e/w") == "new")
            #expect(base == f.base)
            #expect(try await work.compare(f.base).isClean)
            #expect(try FileManager.default.contentsOfDirectory(atPath: f.place.string).isEmpty)
        }
    }

    @Test("an edit that the user makes between the look and the apply is kept")
    func lateEdit() async throws {
        try await SyncFixture.run { f in
            try f.write("one", "a")
            _ = try await f.push()
            let tree = try HostTree(f.host)
            let bagPath = f.scratch.appending("bag")
            try FileManager.default.createDirectory(atPath: bagPath.string, withIntermediateDirectories: true)
            let bag = try ContentBag(bagPath)
            try bag.makeFile(0).write(Array("sandbox's".utf8))
            let path = try #require(TreePath("a"))
            let before = try #require(tree.status(path)?.stamp)
            let inode = try #require(HostStatus(Array("0".utf8), in: bag.directory.raw)?.stamp.inode)
            try f.write("edited meanwhile", "a")
            let missed = Applier(tree: tree, bag: bag.directory).run(
                ApplyJournal(steps: [.place(path, number: 0, inode: inode, expected: .file(before))], results: []))
            #expect(missed[path] != nil && f.read("a") == "edited meanwhile")
        }
    }
}

import Foundation
import Testing

@Suite("Sessions live between calls", .enabled(if: BuiltSandlot.canRun, "the executable or a backend is missing"), .timeLimit(.minutes(10)))
struct EndToEndSessionTests {
    @Test func aSessionIsOpenedByOneProcessAndUsedByTheNext() throws {
        try BuiltSandlot.with { sandlot in
            let id = try sandlot.run("session", "open", "--name", "work").line
            #expect(id.hasPrefix("ses-"))
            #expect(try sandlot.run("session", "exec", "work", "--", "sh", "-c", "echo kept > note").status == 0)
            #expect(try sandlot.run("session", "exec", id, "cat", "note").text == "kept\n")
            let shown = try #require(try sandlot.run("session", "show", "work", "--json").json() as? [String: Any])
            #expect(shown["id"] as? String == id)
            #expect(shown["state"] as? String == "ready")
            #expect(try sandlot.run("session", "rm", "work").status == 0)
            #expect(try sandlot.run("session", "exec", "work", "true").status == 125)
        }
    }

    @Test func filesAreCopiedBothWays() throws {
        try BuiltSandlot.with { sandlot in
            let here = sandlot.directory
            try FileManager.default.createDirectory(at: here.appending(path: "tree/deep"), withIntermediateDirectories: true)
            let bytes = Data((0..<600_000).map { UInt8(truncatingIfNeeded: $0) })
            try bytes.write(to: here.appending(path: "tree/deep/bytes"))
            _ = try sandlot.run("session", "open", "--name", "work")
            #expect(try sandlot.run("session", "cp", here.appending(path: "tree").path, "work:").error == "")
            #expect(try sandlot.run("session", "exec", "work", "wc", "-c", "tree/deep/bytes").line == "600000 tree/deep/bytes")
            #expect(try sandlot.run("session", "cp", here.appending(path: "tree/deep/bytes").path, "work:single").status == 0)
            #expect(try sandlot.run("session", "cp", "work:single", here.appending(path: "back").path).error == "")
            #expect(try Data(contentsOf: here.appending(path: "back")) == bytes)
            #expect(try sandlot.run("session", "cp", "work:tree", here.appending(path: "copy").path).error == "")
            #expect(try Data(contentsOf: here.appending(path: "copy/deep/bytes")) == bytes)
            #expect(try sandlot.run("session", "cp", "work:missing", here.path).status == 125)
        }
    }

    @Test func aMountedWorkspaceTellsWhatChangedSinceTheSessionBegan() throws {
        try BuiltSandlot.with { sandlot in
            let project = sandlot.directory.appending(path: "project")
            try FileManager.default.createDirectory(at: project, withIntermediateDirectories: true)
            for name in ["kept", "edited", "gone"] { try Data("before".utf8).write(to: project.appending(path: name)) }
            _ = try sandlot.run("session", "open", "--name", "work", "--workspace", project.path)
            #expect(try sandlot.run("session", "diff", "work").text == "")
            _ = try sandlot.run("session", "exec", "work", "--", "sh", "-c", "echo after > edited; rm gone; mkdir made")
            #expect(try sandlot.run("session", "diff", "work").text == "M edited\nD gone\nA made\n")
            let report = try #require(try sandlot.run("session", "diff", "--json", "work").json() as? [String: Any])
            #expect(report["since"] is String && (report["pending"] as? [Any])?.isEmpty == true)
            #expect(try sandlot.run("session", "pull", "work").error.contains("not synced"))
            #expect(try sandlot.run("session", "rm", "work").status == 0)
            let left = try? FileManager.default.contentsOfDirectory(atPath: sandlot.directory.appending(path: "data/workspaces").path)
            #expect(left ?? [] == [])
        }
    }

    @Test func backgroundCommandsAreListedWaitedForAndKilled() throws {
        try BuiltSandlot.with { sandlot in
            _ = try sandlot.run("session", "open", "--name", "work")
            let short = try sandlot.run("session", "exec", "-d", "work", "--", "sh", "-c", "echo done; exit 5").line
            let waited = try sandlot.run("wait", short)
            #expect(waited.status == 5)
            #expect(waited.text == "5\n")
            #expect(try sandlot.run("session", "logs", short).text == "done\n")
            let long = try sandlot.run("session", "exec", "-d", "work", "sleep", "300").line
            let listed = try #require(try sandlot.run("ps", "--json").json() as? [[String: Any]])
            #expect(listed.map { $0["id"] as? String } == [long])
            #expect(listed.first?["command"] as? [String] == ["sleep", "300"])
            #expect(try sandlot.run("kill", long).status == 0)
            #expect(try sandlot.run("wait", long).status == 143)
            #expect(try sandlot.run("ps", "--quiet").text == "")
        }
    }

    @Test func eventsTellTheStoryInJSONLines() throws {
        try BuiltSandlot.with { sandlot in
            _ = try sandlot.run("run", "true")
            let lines = try sandlot.run("events", "--json").text.split(separator: "\n")
            let kinds = try lines.map { try (JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["kind"] as? String }
            #expect(kinds.contains("session.opened") && kinds.contains("exec.ended") && kinds.last == "session.closed")
        }
    }

    @Test(arguments: [
        ["doctor"], ["backend", "list"], ["backend", "probe"], ["config", "show"], ["config", "check"], ["config", "path"], ["version"],
        ["reap"], ["ps"], ["session", "list"],
    ])
    func everythingThatPrintsDataPrintsJSON(_ arguments: [String]) throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run(arguments + ["--json"])
            #expect(result.status == 0)
            #expect(throws: Never.self) { try result.json() }
        }
    }

    @Test func settingsAreChangedShownAndRefused() throws {
        try BuiltSandlot.with { sandlot in
            #expect(try sandlot.run("config", "set", "network", "open").status == 0)
            #expect(try sandlot.run("config", "show", "network").text.contains("config.toml:1"))
            let refused = try sandlot.run("config", "set", "netwrk", "open")
            #expect(refused.status == 125)
            #expect(refused.error.contains("did you mean 'network'?"))
            #expect(try sandlot.run("config", "show", "mode", environment: ["SANDLOT_MODE": "of"]).error.contains("did you mean 'off'?"))
            let failure = try sandlot.run("session", "show", "nobody", "--json")
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(failure.error.utf8)) }
        }
    }
}

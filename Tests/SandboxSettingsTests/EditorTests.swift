import Foundation
import SandboxCore
import SandboxSettings
import Testing

struct Edit: Sendable, CustomTestStringConvertible {
    var title: String
    var before: String
    var key: String
    var value: String
    var after: String
    var testDescription: String { title }
}

@Suite("Changing the file")
struct EditorTests {
    /// Runs with a directory that is gone afterwards.
    private func withFile(_ text: String?, _ body: (SettingsEditor) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("sandlot-settings-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("deep/config.toml").path
        if let text {
            try FileManager.default.createDirectory(
                atPath: directory.appendingPathComponent("deep").path, withIntermediateDirectories: true)
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        }
        try body(SettingsEditor(path: path, schema: schema))
    }

    private func text(_ editor: SettingsEditor) throws -> String { try String(contentsOfFile: editor.path, encoding: .utf8) }

    @Test(arguments: [
        Edit(
            title: "a value, with the comment behind it", before: "# mine\nmode = 'off' # for now\nscope = \"agent\"\n", key: "mode",
            value: "all",
            after: "# mine\nmode = \"all\" # for now\nscope = \"agent\"\n"),
        Edit(
            title: "a value with a hash inside", before: "data_directory = \"/a#b\"   # here\n", key: "data_directory", value: "/c",
            after: "data_directory = \"/c\"   # here\n"),
        Edit(
            title: "a new general key goes above the sections", before: "mode = \"all\"\n\n[limits]\nmemory = \"1G\"\n", key: "network",
            value: "open",
            after: "mode = \"all\"\nnetwork = \"open\"\n\n[limits]\nmemory = \"1G\"\n"),
        Edit(
            title: "a new key in its section", before: "[limits] # caps\nmemory = \"1G\"\n\n# next\n[backends.tin-can]\nretries = 2\n",
            key: "limits.processors",
            value: "1.5", after: "[limits] # caps\nmemory = \"1G\"\nprocessors = 1.5\n\n# next\n[backends.tin-can]\nretries = 2\n"),
        Edit(
            title: "a new section at the end", before: "mode = \"all\"\n", key: "backends.tin-can.flavours", value: "a, b \"c\"",
            after: "mode = \"all\"\n\n[backends.tin-can]\nflavours = [\"a\", \"b \\\"c\\\"\"]\n"),
        Edit(title: "an empty file", before: "", key: "limits.memory", value: "512m", after: "[limits]\nmemory = \"512M\"\n"),
        Edit(
            title: "beside dotted keys", before: "limits.memory = \"1G\"\nmode = \"all\"\n", key: "limits.processes", value: "9",
            after: "limits.memory = \"1G\"\nlimits.processes = 9\nmode = \"all\"\n"),
        Edit(
            title: "a comment at the top stays there", before: "# Sandlot\n# of this machine\n\n[limits]\nmemory = \"1G\"\n", key: "mode",
            value: "off",
            after: "# Sandlot\n# of this machine\n\nmode = \"off\"\n[limits]\nmemory = \"1G\"\n"),
    ])
    func onlyOneLineChanges(_ edit: Edit) throws {
        try withFile(edit.before) { editor throws in
            try editor.set(edit.key, to: edit.value)
            #expect(try text(editor) == edit.after)
        }
    }

    @Test func aNewFileIsForItsOwnerOnly() throws {
        try withFile(nil) { editor throws in
            try editor.set("mode", to: "off")
            #expect(try text(editor) == "mode = \"off\"\n")
            let mode = try FileManager.default.attributesOfItem(atPath: editor.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let left = try FileManager.default.contentsOfDirectory(atPath: (editor.path as NSString).deletingLastPathComponent)
            #expect(left == ["config.toml"])
        }
    }

    @Test(arguments: [
        ("mode = \"all\"\n", "mode", "sometimes"), ("mode = \"all\"\n", "mdoe", "all"), ("mode = \n", "mode", "all"),
        ("limits = { memory = \"1G\" }\n", "limits.memory", "2G"), ("auto_order = [\n  \"paper\",\n]\n", "auto_order", "tin-can"),
        ("limits = { memory = \"1G\" }\n", "limits.disk", "2G"),
    ])
    func whatCannotBeDoneSafelyChangesNothing(_ before: String, _ key: String, _ value: String) throws {
        try withFile(before) { editor throws in
            #expect(throws: SandboxError.self) { try editor.set(key, to: value) }
            #expect(try text(editor) == before)
        }
    }

    @Test func aBrokenKeyCanBeMendedWhileAnotherIsStillBroken() throws {
        try withFile("mode = \"sometimes\"\nscpe = \"agent\"\n") { editor throws in
            try editor.set("mode", to: "all")
            #expect(try editor.unset("scpe"))
            #expect(try text(editor) == "mode = \"all\"\n")
        }
    }

    @Test func unsettingRemovesTheWholeValueAndTellsWhetherItWasThere() throws {
        try withFile("# a\nauto_order = [\n  \"paper\", # one\n]\nmode = \"all\"\n") { editor throws in
            #expect(try editor.unset("auto_order"))
            #expect(try text(editor) == "# a\nmode = \"all\"\n")
            #expect(try editor.unset("auto_order") == false)
        }
    }

    @Test func aLinkedFileStaysLinked() throws {
        try withFile("mode = \"all\"\n") { editor throws in
            let link = editor.path + ".link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "config.toml")
            try SettingsEditor(path: link, schema: schema).set("mode", to: "off")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "config.toml")
            #expect(try text(editor) == "mode = \"off\"\n")
        }
    }

    @Test func aSecretInTheFileIsWarnedAbout() throws {
        try withFile(nil) { editor throws in
            let warnings = try editor.set("backends.tin-can.token", to: "hunter2")
            #expect(warnings.count == 1)
            #expect(warnings.allSatisfy { !$0.description.contains("hunter2") })
        }
    }

    @Test func secretsThatStandInTheFileAreFoundAndReplacedByTheirNames() throws {
        try withFile("# mine\n[backends.tin-can]\ntoken = \"hunter2\" # old\n") { editor in
            let found = try editor.plainSecrets()
            #expect(found.map(\.key.name) == ["backends.tin-can.token"])
            #expect(found.first?.secret.reveal() == "hunter2")
            let warnings = try editor.set("backends.tin-can.token", to: "secret:can")
            #expect(warnings.isEmpty)
            #expect(try text(editor) == "# mine\n[backends.tin-can]\ntoken = \"secret:can\" # old\n")
            let left = try editor.plainSecrets()
            #expect(left.isEmpty)
        }
    }
}

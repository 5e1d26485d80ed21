import Foundation
import SystemPackage
import Testing

@Suite(
    "Large files in a synced workspace", .timeLimit(.minutes(10)),
    .enabled(if: BuiltCommand.location != nil, "the sandlot executable is not next to the tests"))
struct LargeFileSyncTests {
    @Test("a small change of a large file moves little, both ways, and changes no other byte")
    func moves() throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-large-\(getpid())")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let project = root.appending("project")
        try FileManager.default.createDirectory(atPath: project.string, withIntermediateDirectories: true)
        let command = BuiltCommand(path: try #require(BuiltCommand.location), dataDirectory: root.appending("data").string)
        let file = URL(fileURLWithPath: project.appending("big").string)
        var random = SeededGenerator(state: 3)
        var content = Data(capacity: 24 << 20)
        while content.count < 24 << 20 { withUnsafeBytes(of: random.next()) { content.append(contentsOf: $0) } }
        try content.write(to: file)
        let opened = try command.run(["session", "open", "--name", "large", "--sync", project.string])
        try #require(opened.status == 0, "\(opened.output)")

        content.insert(7, at: 9 << 20)
        try content.write(to: file)
        #expect(try moved(command, "push") <= 3 << 20)
        let inside = try command.run(
            [
                "session", "exec", "large", "--", "sh", "-c",
                "sha256sum <big; printf x | dd of=big bs=1 seek=5000000 conv=notrunc status=none",
            ])
        let wanted = try digest(file)
        #expect(inside.status == 0 && inside.output.hasPrefix(wanted), "\(inside.output)")

        #expect(try moved(command, "pull") <= 3 << 20)
        content[5_000_000] = UInt8(ascii: "x")
        #expect(try Data(contentsOf: file) == content)
        #expect(try command.run(["session", "close", "--force", "large"]).status == 0)
    }

    private func moved(_ command: BuiltCommand, _ verb: String) throws -> Int {
        let output = try command.run(["session", verb, "--json", "large"]).output
        let report = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        #expect((report?["changes"] as? [Any])?.count == 1, "\(output)")
        return try #require(report?["moved_bytes"] as? Int)
    }

    private func digest(_ file: URL) throws -> String {
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [file.path]
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return String(output.prefix(64))
    }
}

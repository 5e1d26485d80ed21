import CommandTesting
import Foundation
import Testing

private let installedGuest = ProcessInfo.processInfo.environment["SANDLOT_GUEST"]

@Suite(
    "Installing", .enabled(if: BuiltCommand.location != nil, "the executables are not next to the tests"),
    .enabled(if: installedGuest != nil, "SANDLOT_GUEST names no guest"), .timeLimit(.minutes(2)))
struct InstallTests {
    private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private let prefix = URL(
        fileURLWithPath: NSTemporaryDirectory()
            + "sandlot-install-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))")

    private func installer(_ arguments: [String], prefix: String? = nil, web: String = "no-page") throws -> (status: Int32, output: String)
    {
        let build = URL(fileURLWithPath: try #require(BuiltCommand.location)).deletingLastPathComponent().path
        let script = BuiltCommand(path: root.appending(path: "Scripts/install").path, dataDirectory: self.prefix.path)
        return try script.run(
            arguments,
            environment: [
                "PREFIX": prefix ?? self.prefix.path, "BUILD": build, "WEB": web, "GUEST": installedGuest ?? "", "DESTDIR": "",
            ])
    }

    @Test(
        "what is installed works without the checkout, an upgrade removes what is no longer there, and uninstalling leaves only others' files",
        arguments: [false, true])
    func installs(withPage: Bool) throws {
        let made = URL(fileURLWithPath: prefix.path + "-page")
        let web = withPage ? made.path : "no-page"
        let files = FileManager.default
        try files.createDirectory(at: made, withIntermediateDirectories: true)
        try Data("page".utf8).write(to: made.appending(path: "index.html"))
        defer { for folder in [prefix, made] { try? files.removeItem(at: folder) } }
        let installed = try installer([], web: web)
        #expect(installed.status == 0, "\(installed.output)")
        for name in [
            "share/man/man1/sandlot.1", "share/bash-completion/completions/sandlot", "share/zsh/site-functions/_sandlot",
            "share/fish/vendor_completions.d/sandlot.fish", "libexec/sandlot/sandlot-wasm", "libexec/sandlot/install-wasmtime",
        ] { #expect(files.fileExists(atPath: prefix.appending(path: name).path), "\(name)") }
        #expect(files.fileExists(atPath: prefix.appending(path: "share/sandlot/web/index.html").path) == withPage)
        let page = try String(contentsOf: prefix.appending(path: "share/man/man1/sandlot.1"), encoding: .utf8)
        #expect(page.hasPrefix(".TH \"SANDLOT\" \"1\""))
        #expect(page.contains(".SS session exec\n"))
        #if os(Linux)
            let unit = try String(contentsOf: prefix.appending(path: "lib/systemd/system/sandlot.service"), encoding: .utf8)
            #expect(unit.contains("ExecStart=\(prefix.path)/bin/sandlot serve\n"))
            #expect(!unit.contains("@"))
        #endif

        // The guest is found beside the executable, not by the variable of the tests.
        let command = BuiltCommand(
            path: prefix.appending(path: "bin/sandlot").path, dataDirectory: prefix.appending(path: "data").path)
        let probe = try command.run(["backend", "probe", "restricted-host"], environment: ["SANDLOT_GUEST": ""])
        #expect(probe.output.contains("libexec/sandlot/sandlot-guest"), "\(probe.output)")
        try files.removeItem(at: prefix.appending(path: "data"))

        let old = "share/sandlot/web/old.js"
        try files.createDirectory(at: prefix.appending(path: "share/sandlot/web"), withIntermediateDirectories: true)
        for name in [old, "share/man/man1/other.1"] { try Data("x".utf8).write(to: prefix.appending(path: name)) }
        let list = prefix.appending(path: "share/sandlot/installed")
        try (String(contentsOf: list, encoding: .utf8) + old + "\n../outside\n").write(to: list, atomically: true, encoding: .utf8)
        let upgraded = try installer([], web: web)
        #expect(upgraded.status == 0, "\(upgraded.output)")
        #expect(!files.fileExists(atPath: prefix.appending(path: old).path))

        #expect(try installer(["--uninstall"]).status == 0)
        let left = (files.enumerator(atPath: prefix.path)?.allObjects as? [String] ?? []).sorted()
        #expect(left == ["share", "share/man", "share/man/man1", "share/man/man1/other.1"])
        #expect(try installer(["--uninstall"]).status == 1)
    }

    @Test("a prefix that is no absolute path is refused")
    func relativePrefix() throws {
        let refused = try installer([], prefix: "here")
        #expect(refused.status == 1)
        #expect(refused.output.contains("absolute"), "\(refused.output)")
    }
}

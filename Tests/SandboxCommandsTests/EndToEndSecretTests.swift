import Foundation
import Testing

@Suite(
    "Sealed secrets on the command line", .enabled(if: BuiltSandlot.location != nil, "the executable is missing"), .timeLimit(.minutes(10)))
struct EndToEndSecretTests {
    private static let hasKeyring = ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }
    private let withoutKeyring = ["SANDLOT_SECRETS__KEYRING": "false"]

    @Test func aSecretIsReadFromStandardInputListedAndRemoved() throws {
        try BuiltSandlot.with { sandlot in
            let value = "v\(UUID())"
            let set = try sandlot.run("secret", "set", "cloud.key", input: Data("\(value)\n".utf8), environment: withoutKeyring)
            #expect(set.status == 0 && set.text == "")
            #expect(try sandlot.run("secret", "set", "other", input: Data("x".utf8), environment: withoutKeyring).status == 0)
            #expect(try sandlot.run("secret", "set", "empty", input: Data(), environment: withoutKeyring).status == 125)
            let listed = try sandlot.run("secret", "list", "--json").json() as? [[String: Any]]
            #expect(listed?.compactMap { $0["name"] as? String } == ["cloud.key", "other"])
            #expect(try sandlot.run("secret", "rotate", environment: withoutKeyring).status == 0)
            #expect(try sandlot.run("secret", "rm", "other").status == 0)
            #expect(try sandlot.run("secret", "rm", "other").status == 125)
            #expect(try !sandlot.run("secret", "list").text.contains("other"))
            #expect(try sandlot.run("secret", "import").status == 0)
        }
    }

    @Test func aDamagedStoreIsToldByTheDoctor() throws {
        try BuiltSandlot.with { sandlot in
            _ = try sandlot.run("secret", "set", "key", input: Data("value".utf8), environment: withoutKeyring)
            try Data("{}".utf8).write(to: sandlot.directory.appending(path: "data/secrets.sealed"))
            let examined = try sandlot.run("doctor").text
            #expect(examined.contains("secrets.sealed") && examined.contains("damaged"))
        }
    }

    /// A session bus and a keyring of their own, gone with the shell that they serve.
    @Test(.enabled(if: hasKeyring, "dbus-run-session, gnome-keyring-daemon or secret-tool is missing"))
    func theKeyGoesIntoTheSystemsKeyringAndRotatesThere() throws {
        try BuiltSandlot.with { sandlot in
            let line = """
                set -e
                printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null
                printf value | "$0" secret set key
                "$0" doctor --json || true
                "$0" secret rotate
                "$0" secret list --json
                SANDLOT_SECRETS__KEYRING=false "$0" secret list 2>&1 || echo "status $?"
                DBUS_SESSION_BUS_ADDRESS= "$0" secret list 2>&1 || echo "status $?"
                """
            let shell = BuiltSandlot(path: "/usr/bin/dbus-run-session", directory: sandlot.directory)
            let runtime = sandlot.directory.appending(path: "run")
            try FileManager.default.createDirectory(at: runtime, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let result = try shell.run(
                ["--", "bash", "-c", line, sandlot.path],
                environment: [
                    "HOME": sandlot.directory.path, "XDG_RUNTIME_DIR": runtime.path, "XDG_DATA_HOME": sandlot.directory.path + "/share",
                ])
            #expect(result.text.contains("1 sealed; the key is in the system's keyring"), "\(result.text) \(result.error)")
            #expect(result.text.contains("\"name\":\"key\""))
            #expect(result.text.components(separatedBy: "status 125").count == 3)
            let files = try FileManager.default.contentsOfDirectory(atPath: sandlot.directory.appending(path: "data").path)
            #expect(files.contains("secrets.sealed") && !files.contains { $0.hasSuffix(".key") })
        }
    }
}

import SandboxCore
import SandboxSettings
import Testing

@Suite("Where a value comes from")
struct PrecedenceTests {
    private let socket = "backends.tin-can.socket"

    @Test func aFlagBeatsEverything() throws {
        let reading = read(
            "[backends.tin-can]\nsocket = \"/file\"", environment: ["SANDLOT_BACKENDS__TIN_CAN__SOCKET": "/env", "CAN_HOST": "/alias"],
            flags: [(socket, "/flag")])
        #expect(reading.problems.isEmpty)
        #expect(reading.settings[socket]?.text == "/flag")
        #expect(reading.settings[socket]?.origin == .flag)
    }

    @Test func ourOwnVariableBeatsTheFile() {
        let reading = read(
            "[backends.tin-can]\nsocket = \"/file\"", environment: ["SANDLOT_BACKENDS__TIN_CAN__SOCKET": "/env", "CAN_HOST": "/alias"])
        #expect(reading.settings[socket]?.text == "/env")
        #expect(reading.settings[socket]?.origin == .environment(name: "SANDLOT_BACKENDS__TIN_CAN__SOCKET"))
    }

    @Test func theFileBeatsAnAlias() {
        let reading = read("# top\n\n[backends.tin-can]\nsocket = \"/file\"", environment: ["CAN_HOST": "/alias"])
        #expect(reading.settings[socket]?.text == "/file")
        #expect(reading.settings[socket]?.origin == .file(path: "config.toml", line: 4))
    }

    @Test func anAliasBeatsTheDefault() {
        let reading = read("", environment: ["CAN_HOST": "/alias"])
        #expect(reading.settings[socket]?.text == "/alias")
        #expect(reading.settings[socket]?.origin == .alias(name: "CAN_HOST"))
    }

    @Test func theDefaultIsLast() {
        let reading = read("")
        #expect(reading.settings[socket]?.text == "/run/can.sock")
        #expect(reading.settings[socket]?.origin == .default)
    }

    @Test func theFirstAliasThatIsSetWinsAndEmptyMeansUnset() {
        let reading = read("", environment: ["CAN_TOKEN": "", "CAN_OIDC_TOKEN": "t0p"])
        #expect(reading.settings["backends.tin-can.token"]?.origin == .alias(name: "CAN_OIDC_TOKEN"))
        #expect(reading.settings.backend(BackendID(unchecked: "tin-can")).secret("token") == .plain(Secret("t0p")))
    }

    @Test func typedGeneralSettingsFollow() throws {
        let general = try read(
            "default_backend = \"paper\"\nidle_ttl = \"5m\"\nmax_life = 0\n[limits]\nmemory = \"1.5G\"\nprocessors = 2\nprocesses = 64",
            environment: ["SANDLOT_ISOLATION_FLOOR": "container"]
        ).settings.general()
        #expect(general.defaultBackend == BackendID(unchecked: "paper"))
        #expect(general.idleTimeToLive == .seconds(300))
        #expect(general.maximumLife == nil)
        #expect(general.limits == ResourceLimits(memory: 1_610_612_736, processors: 2, processes: 64))
        #expect(general.isolationFloor == .container)
        #expect(general.network == .none)
    }

    @Test func aSecretIsNeverShown() {
        let reading = read("[backends.tin-can]\ntoken = \"hunter2\"")
        #expect(reading.settings["backends.tin-can.token"]?.text == "‹secret›")
        var shown = ""
        dump(reading.settings.all, to: &shown)
        #expect(!shown.contains("hunter2"))
        #expect(reading.settings.warnings.count == 1)
        #expect(reading.settings.warnings.first?.line == 2)
        #expect(reading.settings.warnings.first?.remedy?.contains("CAN_TOKEN") == true)
    }

    @Test(arguments: [
        ("secret:can.token", SecretReference.sealed("can.token"), "secret:can.token"), ("env:CAN", .variable("CAN"), "env:CAN"),
        ("file: ~/token", .file("~/token"), "file:~/token"),
        ("command:pass show  can", .command(["pass", "show", "can"]), "command:pass …"),
        ("t0p:secret", .plain(Secret("t0p:secret")), "‹secret›"),
    ])
    func aSecretMayBeNamedInsteadOfWritten(text: String, reference: SecretReference, shown: String) {
        let reading = read("[backends.tin-can]\ntoken = \"\(text)\"")
        #expect(reading.problems.isEmpty)
        #expect(reading.settings.backend(BackendID(unchecked: "tin-can")).secret("token") == reference)
        #expect(reading.settings["backends.tin-can.token"]?.text == shown)
        #expect(reading.settings.warnings.isEmpty == !reference.isPlain)
        #expect(reading.settings.backend(BackendID(unchecked: "tin-can")).texts()["token"] == nil)
    }

    @Test func whatOtherToolsPutIntoTheirVariablesIsTheValueItself() {
        let reading = read("", environment: ["CAN_TOKEN": "file:/etc/passwd"])
        #expect(reading.settings.backend(BackendID(unchecked: "tin-can")).secret("token") == .plain(Secret("file:/etc/passwd")))
    }

    @Test(arguments: ["secret:", "secret:a b", "env:", "env:A B", "file:relative", "command: "])
    func aReferenceToNothingIsAMistakeThatShowsNoValue(text: String) {
        let reading = read("[backends.tin-can]\ntoken = \"\(text)\"")
        #expect(reading.problems.count == 1)
    }
}

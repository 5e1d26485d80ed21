import SandboxCore
import SandboxSettings
import Testing

struct Refused: Sendable, CustomTestStringConvertible {
    var file = ""
    var environment: [String: String] = [:]
    var place: String
    var says: String
    var remedy: String?
    var testDescription: String { place + " " + says }
}

@Suite("What is refused")
struct RefusalTests {
    @Test(arguments: [
        Refused(
            file: "default_backnd = \"paper\"", place: "config.toml:1:1", says: "unknown key 'default_backnd'",
            remedy: "did you mean 'default_backend'?"),
        Refused(
            file: "[limits]\n\n  memroy = \"1G\"", place: "config.toml:3:3", says: "unknown key 'memroy' in [limits]",
            remedy: "did you mean 'limits.memory'?"),
        Refused(file: "memory = \"1G\"", place: "config.toml:1:1", says: "unknown key 'memory'", remedy: "did you mean 'limits.memory'?"),
        Refused(
            file: "[limts]\nmemory = \"1G\"", place: "config.toml:1:1", says: "unknown section 'limts'", remedy: "did you mean 'limits'?"),
        Refused(
            file: "[backends.tincan]\nsocket = \"/x\"", place: "config.toml:1:1", says: "unknown section 'tincan' in [backends]",
            remedy: "did you mean 'backends.tin-can'?"),
        Refused(
            file: "[backends.tin-can]\nsocket = \"/x\"\nsoket = 1", place: "config.toml:3:1", says: "unknown key 'soket'",
            remedy: "did you mean 'backends.tin-can.socket'?"),
        Refused(
            file: "network = \"opne\"", place: "config.toml:1:1", says: "network: 'opne' is not one of none, open",
            remedy: "did you mean 'open'?"),
        Refused(
            file: "default_backend = \"tincan\"", place: "config.toml:1:1", says: "'tincan' is not one of",
            remedy: "did you mean 'tin-can'?"),
        Refused(file: "network = true", place: "config.toml:1:1", says: "this must be one of none, open, not bool"),
        Refused(file: "\n[limits]\nprocesses = \"12\"", place: "config.toml:3:1", says: "not text", remedy: "remove the quotes"),
        Refused(file: "[limits]\nprocesses = 0", place: "config.toml:2:1", says: "is not a whole number from 1"),
        Refused(file: "[limits]\nmemory = \"1 potato\"", place: "config.toml:2:1", says: "not a size"),
        Refused(file: "idle_ttl = 30", place: "config.toml:1:1", says: "'30' is not a duration"),
        Refused(file: "limits = 3", place: "config.toml:1:1", says: "'limits' is a section, not a value"),
        Refused(file: "auto_order = [\"paper\", \"paper\"]", place: "config.toml:1:1", says: "twice"),
        Refused(file: "mode = \"all\"\n[# limits]\n", place: "config.toml:2:1", says: "a section has no name"),
        Refused(file: "[ [\n", place: "config.toml:1:1", says: "this is not TOML"),
        Refused(file: "mode = \"all\"\nscope = ", place: "config.toml:2:", says: "this is not TOML"),
        Refused(file: "mode = \"all\"\nmode = \"off\"", place: "config.toml:2:", says: "this is not TOML"),
        Refused(
            environment: ["SANDLOT_MODDE": "all"], place: "$SANDLOT_MODDE", says: "there is no such setting",
            remedy: "did you mean 'SANDLOT_MODE'?"),
        Refused(
            environment: ["SANDLOT_LIMITS__MEMORY": "lots"], place: "$SANDLOT_LIMITS__MEMORY", says: "limits.memory: 'lots' is not a size"),
        Refused(
            environment: ["SANDLOT_BACKENDS__TIN_CAN__ROOTLESS": "maybe"], place: "$SANDLOT_BACKENDS__TIN_CAN__ROOTLESS",
            says: "not true or false"),
    ])
    func aWordThatIsNotKnownIsShownWithItsPlaceAndTheNearestOne(_ refused: Refused) throws {
        let reading = read(refused.file, environment: refused.environment)
        let problem = try #require(reading.problems.first)
        #expect(problem.description.hasPrefix(refused.place), "\(problem)")
        #expect(problem.description.contains(refused.says), "\(problem)")
        if let remedy = refused.remedy { #expect(problem.remedy == remedy) }
        #expect(throws: SandboxError.self) {
            _ = try Settings(SettingsSources(environment: refused.environment, file: ("config.toml", refused.file)), schema: schema)
        }
    }

    @Test func everyProblemIsFoundAtOnce() {
        let reading = read("netwrk = 1\n[limits]\nmemory = true", environment: ["SANDLOT_HOME": "castle"])
        #expect(reading.problems.count == 3)
        #expect(reading.problems.allSatisfy { $0.remedy != nil })
    }

    @Test func variablesThatAreNotSettingsAreLeftAlone() {
        #expect(read("", environment: ["SANDLOT_CONFIG": "/x", "SANDLOT_MODE": "", "HOME": "/root"]).problems.isEmpty)
    }

    @Test func aSecretOfTheWrongTypeIsNotRepeated() {
        let reading = read("[backends.tin-can]\ntoken = 12345")
        #expect(reading.problems.count == 1)
        #expect(reading.problems.first?.message.contains("12345") == false)
    }
}

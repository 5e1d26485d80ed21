import SandboxCore
import SandboxSettings
import Testing

@Suite("Where files lie")
struct LocationTests {
    @Test func theBaseDirectoriesAreFollowed() throws {
        let home = try SettingsLocations(environment: ["HOME": "/home/ada"], userID: 1000)
        #expect(home.file == "/home/ada/.config/sandlot/config.toml")
        #expect(home.dataDirectory == "/home/ada/.local/share/sandlot")
        let moved = try SettingsLocations(environment: ["HOME": "/home/ada", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"], userID: 0)
        #expect(moved.file == "/c/sandlot/config.toml")
        #expect(moved.dataDirectory == "/d/sandlot")
    }

    @Test func rootKeepsItsDataInTheSystem() throws {
        #expect(try SettingsLocations(environment: ["HOME": "/root"], userID: 0).dataDirectory == "/var/lib/sandlot")
    }

    @Test func aRelativeBaseDirectoryIsIgnored() throws {
        #expect(
            try SettingsLocations(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "c"], userID: 1).file == "/h/.config/sandlot/config.toml")
    }

    @Test func aNamedFileMustExist() throws {
        let environment = ["HOME": "/h", "SANDLOT_CONFIG": "/nowhere/config.toml"]
        let locations = try SettingsLocations(environment: environment, userID: 1)
        #expect(locations.isExplicit)
        #expect(throws: SandboxError.self) { try SettingsSources.read(at: locations, environment: environment) }
    }

    @Test func withoutAHomeAnOrdinaryUserIsToldWhatToSet() {
        #expect(throws: SandboxError.self) { try SettingsLocations(environment: [:], userID: 1000) }
    }
}

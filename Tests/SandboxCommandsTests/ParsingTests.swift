import SandboxCore
import SystemPackage
import Testing

@testable import SandboxCommands

@Suite("What people type")
struct ParsingTests {
    @Test func variablesComeFromFilesThenFlagsThenOurOwn() throws {
        let file = "# comment\n\nA=1\r\nB=two words\nOWN\nC=a=b\n  D=4\nMISSING\n"
        let environment = try EnvironmentArguments.resolve(
            ["A=9", "HOME", "ABSENT", "EMPTY="], files: [("vars", file)], own: ["OWN": "mine", "HOME": "/h"])
        #expect(environment == ["A": "9", "B": "two words", "OWN": "mine", "C": "a=b", "D": "4", "HOME": "/h", "EMPTY": ""])
    }

    @Test func aBrokenVariableIsNamedByPlaceAndNeverShown() {
        #expect {
            try EnvironmentArguments.resolve([], files: [("vars", "A=1\n=hunter2")], own: [:])
        } throws: { error in
            let text = "\(error)"
            return text.contains("vars:2") && !text.contains("hunter2")
        }
    }

    @Test(arguments: [
        ("/a:/b", "/a", "/b", false), ("data:/b:ro", "/here/data", "/b", true), ("./x:/b/../c:rw", "/here/x", "/c", false),
        ("..:/up", "/", "/up", false),
    ])
    func aVolumeIsRead(_ text: String, _ source: String, _ target: String, _ readOnly: Bool) throws {
        let mount = try VolumeArgument.mount(text, currentDirectory: "/here")
        #expect(mount == Mount(source: FilePath(source), target: FilePath(target), readOnly: readOnly))
    }

    @Test(arguments: ["", "/a", "/a:", ":/b", "/a:b", "/a:/b:rx", "/a:/b:ro:ro", "/a:/", "/a:/b/.."])
    func whatIsNoVolumeIsRefused(_ text: String) {
        #expect(throws: SandboxError.self) { try VolumeArgument.mount(text, currentDirectory: "/here") }
    }

    @Test func aWorkspaceIsADirectoryHere() throws {
        #expect(try VolumeArgument.workspace(".", currentDirectory: "/here") == .mounted("/here", readOnly: false))
        #expect(try VolumeArgument.workspace("/w:ro", currentDirectory: "/here") == .mounted("/w", readOnly: true))
        #expect(throws: SandboxError.self) { try VolumeArgument.workspace("/a:/b", currentDirectory: "/here") }
    }

    @Test func aColonBeforeTheFirstSlashNamesASession() throws {
        #expect(try CopyArgument("work:a/b") == .session("work", "a/b"))
        #expect(try CopyArgument("work:") == .session("work", "."))
        #expect(try CopyArgument("./a:b") == .host("./a:b"))
        #expect(try CopyArgument("/a:b") == .host("/a:b"))
        #expect(try CopyArgument("plain") == .host("plain"))
        #expect(throws: SandboxError.self) { try CopyArgument("") }
    }

    @Test func limitsGoOverThoseOfTheSettings() throws {
        let settings = ResourceLimits(memory: 1 << 30, processors: 2, processes: 100, disk: 1 << 30)
        #expect(
            try LimitArguments.resolve(memory: "512m", processors: 1.5, processes: nil, disk: nil, over: settings)
                == ResourceLimits(memory: 512 << 20, processors: 1.5, processes: 100, disk: 1 << 30))
        #expect(try LimitArguments.resolve(memory: "0", processors: 0, processes: -1, disk: "0", over: settings) == ResourceLimits())
        #expect(throws: SandboxError.self) {
            try LimitArguments.resolve(memory: "much", processors: nil, processes: nil, disk: nil, over: settings)
        }
        #expect(throws: SandboxError.self) {
            try LimitArguments.resolve(memory: nil, processors: -1, processes: nil, disk: nil, over: settings)
        }
    }

    @Test(arguments: [
        (["sesion"], "sandlot session"), (["session", "opn"], "sandlot session open"), (["config", "chekc"], "sandlot config check"),
        (["rnu"], "sandlot run"),
    ])
    func aMistypedVerbIsAnsweredWithTheNearestOne(_ arguments: [String], _ meant: String) throws {
        let failure = try #require(throws: SandboxError.self) { try VerbCheck.check(arguments) }
        #expect(failure.remedy == "did you mean '\(meant)'?")
    }

    @Test(arguments: [["run", "--", "sesion"], ["session", "exec", "opn"], ["--help"], ["help", "run"], []])
    func whatIsNoVerbIsLeftAlone(_ arguments: [String]) throws { try VerbCheck.check(arguments) }
}

import Glibc
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

/// Root runs the suites of real sandboxes once more as an ordinary user, in a process of its own.
@Suite struct OrdinaryUserTests {
    private static let variable = "SANDLOT_TESTS_AS_ORDINARY_USER"
    private static let user = SpawnRequest.User(uid: 64999, gid: 64999)

    private static var executable: FilePath? {
        guard let text = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(text) }
        return FilePath(String(cString: text))
    }

    private static var canRun: Bool {
        guard geteuid() == 0, getenv(variable) == nil, let executable, executable.lastComponent?.string.hasSuffix(".xctest") == true,
            let guest = try? GuestExecutable.locate(setting: nil, variable: getenv("SANDLOT_GUEST").map { String(cString: $0) })
        else { return false }
        return [executable, guest].allSatisfy { HostPaths.canReach($0, as: user) }
    }

    @Test(.enabled(if: canRun)) func everythingWorksForAnOrdinaryUserToo() async throws {
        let executable = try #require(Self.executable)
        var environment = [Self.variable: "1", "HOME": "/tmp"]
        for name in ["PATH", "SANDLOT_GUEST", "LD_LIBRARY_PATH"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        let arguments = [
            "--testing-library", "swift-testing", "--filter", "HostBackendsTests\\.(Bubblewrap|RestrictedHost|Direct|HostProcess)",
        ]
        let result = try await CommandRunner(keeper: try ProcessKeeper()).run(
            executable, arguments, environment: environment, deadline: .seconds(300), outputLimit: 8 << 20, user: Self.user)
        let said = (result.outputText + result.errorText).split(separator: "\n").filter {
            $0.contains("✘") || $0.contains("recorded an issue")
        }
        #expect(result.isSuccess, "\(result.ending): \(said.joined(separator: "\n"))")
        #expect((result.outputText + result.errorText).contains("aCommandRunsAndNothingIsLeft"))
    }
}

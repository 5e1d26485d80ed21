import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// Starts host programs, and the thread that watches them only when the first is started: most secrets need none.
public final class HostPrograms: Sendable {
    let environment: [String: String]
    private let keeper = Mutex<ProcessKeeper?>(nil)

    /// Programs are found by the `PATH` of this environment and get it whole: password managers find their sessions in it.
    public init(environment: [String: String]) { self.environment = environment }

    func runner() throws -> CommandRunner {
        try keeper.withLock { keeper in
            if let keeper { return CommandRunner(keeper: keeper) }
            let started = try ProcessKeeper()
            keeper = started
            return CommandRunner(keeper: started)
        }
    }

    func find(_ name: String) -> String? {
        CommandRunner.find(name, searchPath: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")?.string
    }
}

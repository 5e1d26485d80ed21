import SandboxProcess
import SystemPackage

/// The program that runs one machine, a process for each: what is not the same for every kind of it. Images, birth, channels, limits,
/// snapshots and removal are shared.
protocol MachineMonitor: Sendable {
    /// Its executable.
    var program: FilePath { get }

    /// How its process is held, for people.
    var confinement: String { get }

    /// Its version, as it tells it; throws when it does not run.
    func version() async throws -> String

    /// What a saved machine depends on beside the machine's own shape.
    func traits(of plan: MachinePlan) throws -> [String]

    /// Starts a machine in a folder that is there, with a disk in it. The monitor's own complaints go where the machine's console goes.
    func start(_ plan: MachinePlan, in folder: MachineFolder, _ terms: MachineTerms) async throws -> StartedMachine
}

/// How a machine is bound to the host.
struct MachineTerms: Sendable {
    /// The kernel ends it together with this process where the monitor lets that be; else the guest does.
    var endsWithUs: Bool
    /// The bytes that any file which it writes can have; nil for no limit.
    var fileLimit: UInt64?
    /// It can be saved.
    var isSavable = false
    /// `cgroup.procs` files that the monitor joins.
    var groups: [FilePath] = []
}

/// A machine that was started, booting or awake.
struct StartedMachine: Sendable {
    let process: HostProcess
    /// Writes its state into files of a folder, by the names of its kind; it stands still afterwards.
    let save: @Sendable (FilePath) async throws -> Void

    /// Ends it and waits for that.
    func end() async {
        try? process.signal(9)
        _ = try? await process.wait()
    }
}

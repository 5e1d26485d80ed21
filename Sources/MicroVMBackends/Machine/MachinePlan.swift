import SystemPackage

/// Everything that a monitor needs to know for starting one machine.
struct MachinePlan: Sendable {
    /// What runs a machine's instructions.
    enum Acceleration: String, Sendable {
        case kvm
        case tcg
    }

    /// For people who look at the process list, and for the reaper.
    var name: String
    var shape: MachineShape
    var acceleration: Acceleration
    var kernel: FilePath
    var ramdisk: FilePath
    var image: FilePath
    /// Thousands of ticks a second of the host's processor, where the machine is emulated.
    var tickRate: UInt = 0
    /// The folder of the saved machine that this one begins as a copy of; nil boots it.
    var snapshot: FilePath?

    /// The argument by which a process is known as the machine of a sandbox.
    static func name(of id: String) -> String { "sandlot-\(id)" }
}

import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The directory that a Firecracker process has for its root, in a machine's folder: everything that it may see, under names of our choice.
/// A saved machine remembers these names, so each machine has the same ones.
struct FirecrackerRoom: Sendable {
    let path: FilePath

    static let control = "control"
    static let vsock = "vsock"
    static let image = "image"
    static let disk = "disk"
    static let kernel = "kernel"
    static let ramdisk = "ramdisk"
    static let state = "state"
    static let memory = "memory"

    /// Below which the jailer makes it; without the jailer it is in the same place.
    static func base(_ folder: MachineFolder) -> FilePath { folder.path.appending("jail") }
    /// The jailer's second folder bears the program's name.
    static let programName = "firecracker"

    init(_ folder: MachineFolder) {
        path = Self.base(folder).appending(Self.programName).appending(folder.name).appending("root")
    }

    /// Makes it and puts in what this machine needs: the disk is moved, the rest is shared with other machines and not writable.
    func furnish(_ plan: MachinePlan, disk: FilePath, owner: SpawnRequest.User?) throws {
        try HostDirectory.ensure(path, mode: 0o700)
        var shared = [Self.image: plan.image]
        if let snapshot = plan.snapshot {
            for name in [Self.state, Self.memory] { shared[name] = snapshot.appending(name) }
        } else {
            shared[Self.kernel] = plan.kernel
            shared[Self.ramdisk] = plan.ramdisk
        }
        for (name, source) in shared where link(source.string, path.appending(name).string) != 0 {
            throw SandboxError.system("linking \(source) into the room of a machine", errno)
        }
        let own = path.appending(Self.disk)
        guard rename(disk.string, own.string) == 0 else { throw SandboxError.system("moving \(disk) into the room of a machine", errno) }
        if let owner, lchown(own.string, owner.uid, owner.gid) != 0 {
            throw SandboxError.system("giving \(own) to user \(owner.uid)", errno)
        }
    }
}

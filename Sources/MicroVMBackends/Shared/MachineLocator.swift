import SandboxCore
import SandboxProcess
import SystemPackage

/// The locator of a machine, typed.
struct MachineLocator: Equatable {
    /// The process that is the machine for the host; nil until it runs.
    var monitor: ProcessIdentity?
    /// As the guest sees it.
    var workspace: FilePath
    var home: FilePath
    /// The file, as the guest sees it, with the environment for every exec.
    var environmentFile: FilePath?
    /// Of the monitor, where it has one.
    var group: ControlGroup?

    var texts: [String: String] {
        var all = ["workspace": workspace.string, "home": home.string]
        if let monitor { all["monitor"] = "\(monitor.pid) \(monitor.startTime) \(monitor.boot)" }
        if let group {
            all["groups"] = group.directories.map(\.string).joined(separator: "\n")
            all["groups-unified"] = group.isUnified ? "yes" : "no"
        }
        if let environmentFile { all["environment"] = environmentFile.string }
        return all
    }

    init(workspace: FilePath, home: FilePath, environmentFile: FilePath?, group: ControlGroup? = nil) {
        self.workspace = workspace
        self.home = home
        self.environmentFile = environmentFile
        self.group = group
    }

    init(_ reference: SandboxReference) throws {
        guard let workspace = reference.locator["workspace"], let home = reference.locator["home"] else {
            throw SandboxError(.invalidArgument, "the reference of sandbox \(reference.id) does not say where its workspace is")
        }
        self.init(
            workspace: FilePath(workspace), home: FilePath(home), environmentFile: reference.locator["environment"].map { FilePath($0) },
            group: reference.locator["groups"].map { text in
                ControlGroup(
                    directories: text.split(separator: "\n").map { FilePath(String($0)) },
                    isUnified: reference.locator["groups-unified"] == "yes")
            })
        if let text = reference.locator["monitor"] {
            let parts = text.split(separator: " ").map(String.init)
            guard parts.count == 3, let pid = Int32(parts[0]), pid > 1, let start = UInt64(parts[1]) else {
                throw SandboxError(.invalidArgument, "'\(text)' does not identify a process")
            }
            monitor = ProcessIdentity(pid: pid, startTime: start, boot: parts[2])
        }
    }
}

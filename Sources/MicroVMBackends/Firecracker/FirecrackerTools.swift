import SandboxCore
import SandboxProcess
import SystemPackage

/// Where Firecracker and its jailer are: where the settings say, where `sandlot firecracker setup` put them, or in `PATH`.
struct FirecrackerTools: Sendable {
    let host: MachineHost

    /// The folder that they are installed in.
    var folder: FilePath { host.dataDirectory.appending("firecracker") }

    func find(_ name: String, setting: FilePath?, key: String) throws -> FilePath {
        if let setting {
            guard let found = host.program(name, setting: setting) else {
                throw SandboxError(
                    .unavailable, "the setting \(key) names '\(setting)', which cannot be executed",
                    remedy: "name another, or leave it away and run `sandlot firecracker setup`")
            }
            return found
        }
        if let found = host.program(name, setting: folder.appending(name)) ?? host.program(name) { return found }
        throw SandboxError(
            .unavailable, "\(name) is neither in PATH nor installed in \(folder)",
            remedy: "run `sandlot firecracker setup`, or name it by the setting \(key)")
    }
}

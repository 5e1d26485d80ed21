import SandboxCore
import SystemPackage

/// Looks from inside whether the limits that were asked for are there.
///
/// An engine without root has only the control groups that the system's manager delegated to its user. It reports those of the whole machine,
/// and ignores a limit that it cannot set.
struct LimitProof {
    let limits: ResourceLimits
    let backend: BackendID

    /// Throws `unsupported` for the first limit that is not in force.
    func check(_ files: any SandboxFileSystem) async throws {
        if limits.memory != nil { try await require("memory.max", of: files, "memory") }
        if limits.processes != nil { try await require("pids.max", of: files, "processes") }
        if limits.processors != nil { try await require("cpu.max", of: files, "processors") }
    }

    private func require(_ name: String, of files: any SandboxFileSystem, _ what: String) async throws {
        let bytes = (try? await files.read(FilePath("/sys/fs/cgroup").appending(name), offset: 0, length: 256)) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.first?.isNumber == true else {
            throw SandboxError(
                .unsupported, "the engine accepted a limit of \(what) but did not set it",
                remedy: "let the system delegate the control group to the engine's user (systemd: Delegate=yes), or drop the limit",
                backend: backend)
        }
    }
}

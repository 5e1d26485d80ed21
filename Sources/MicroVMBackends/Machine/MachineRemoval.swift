import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Ends a machine, whoever made it, and removes what it left on the host. Works without a channel.
///
/// The machine is not asked to shut down: its disk ends with it, so there is nothing that it could still save.
struct MachineRemoval: Sendable {
    let host: MachineHost
    let backend: BackendID

    /// How long the kernel may take to end a killed process.
    private static let patience = Duration.seconds(20)

    func remove(_ reference: SandboxReference) async throws {
        let folder = MachineFolder(reference.id, in: host.dataDirectory)
        // What is on disk decides: a reference from elsewhere must not make us kill or delete what is not its own.
        if let record = folder.read() {
            guard record.backend == backend, record.owner == reference.owner else {
                throw SandboxError(
                    .denied, "sandbox '\(reference.id)' belongs to \(record.owner), not to \(reference.owner)",
                    remedy: "let the Sandlot of that data directory remove it", backend: backend)
            }
            let locator = try MachineLocator(record)
            // A maker that crashed at the wrong moment did not write down its process.
            try await end(try locator.monitor.map { [$0] } ?? Self.machines(of: reference.id))
            if let group = locator.group { try await Self.remove(group) }
        } else {
            guard folder.isLeftover else { return }
            try await end(try Self.machines(of: reference.id))
        }
        try await folder.remove()
        host.logger.debug("sandbox removed", metadata: ["sandbox.id": "\(reference.id)", "backend.id": "\(backend)"])
    }

    private func end(_ identities: [ProcessIdentity]) async throws {
        for identity in identities {
            try identity.signal(SIGKILL)
            try await withDeadline(Self.patience, for: "the end of the machine's process \(identity.pid)") { [host] in
                try await host.keeper.waitUntilGone(identity)
            }
        }
    }

    /// A process leaves its group a moment after its end is told; the kernel offers nothing to wait for.
    static func remove(_ group: ControlGroup) async throws {
        let end = ContinuousClock.now + patience
        while true {
            do {
                return try group.remove()
            } catch let error as SandboxError where error.code == .conflict && ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// The processes that bear the name of a sandbox' machine.
    private static func machines(of id: SandboxID) throws -> [ProcessIdentity] {
        let name = MachinePlan.name(of: id.rawValue)
        return try MachineProcesses.all { $0 == name }.compactMap { try ProcessIdentity.of($0.pid) }
    }
}

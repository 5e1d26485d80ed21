import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Ends a local sandbox, whoever made it, and proves that nothing is left. Works without a channel.
struct SandboxRemoval: Sendable {
    let host: HostEnvironment
    let backend: BackendID
    /// Whether the death of the guest ends every process of the sandbox (it is process 1 of a pid namespace).
    let guestHoldsAll: Bool
    /// Where workspaces may lie apart from the data directory.
    let privateDirectory: FilePath?

    /// How long the kernel may take to end a killed process.
    static let patience = Duration.seconds(20)

    /// The environment variable that every process of a sandbox without a pid namespace starts with.
    static let marker = "SANDLOT_SANDBOX"

    func remove(_ reference: SandboxReference) async throws {
        let folder = SandboxFolder(reference.id, in: host.dataDirectory)
        if folder.isLeftover { return try await sweep(reference.id, folder) }
        // What is on disk decides: a reference from elsewhere must not make us kill or delete what is not its own.
        guard let record = try folder.read() else { return }
        guard record.reference.backend == backend, record.reference.owner == reference.owner else {
            throw SandboxError(
                .denied, "sandbox '\(reference.id)' belongs to \(record.reference.owner), not to \(reference.owner)", backend: backend)
        }
        let locator = try Locator(record.reference)
        try await end(record)
        if let extra = locator.extraDirectory { try await HostDirectory.remove(extra) }
        // The record goes last of all, so that whatever interrupts us is found and finished later.
        for name in try HostDirectory.names(in: folder.path) where name != SandboxRecord.fileName {
            try await HostDirectory.remove(folder.path.appending(name))
        }
        try await HostDirectory.remove(folder.path)
        host.logger.debug("sandbox removed", metadata: ["sandbox.id": "\(reference.id)", "backend.id": "\(backend)"])
    }

    /// Ends every process of a sandbox and leaves its files.
    func end(_ record: SandboxRecord) async throws {
        let locator = try Locator(record.reference)
        try await endProcesses(of: record, locator)
        if let group = locator.group { try await removeGroup(group) }
    }

    /// Removes what has no record that tells what belongs to it: whatever bears its id.
    private func sweep(_ id: SandboxID, _ folder: SandboxFolder) async throws {
        try await untilNone(for: "the processes of sandbox \(id), which has no record") {
            Array(Set(try ProcessScan.withArgument(id.rawValue) + ProcessScan.carrying("\(Self.marker)=\(id)")))
        }
        try await removeGroup(ControlGroup.planned(for: id, controllers: Set(CgroupLayout.Controller.allCases), layout: host.cgroups))
        if let privateDirectory { try await HostDirectory.remove(privateDirectory.appending(id.rawValue)) }
        try await HostDirectory.remove(folder.draft)
        try await HostDirectory.remove(folder.path)
        host.logger.info("a sandbox without a record was removed", metadata: ["sandbox.id": "\(id)", "backend.id": "\(backend)"])
    }

    private func endProcesses(of record: SandboxRecord, _ locator: Locator) async throws {
        if let guest = locator.guest {
            if !guestHoldsAll { try await endTree(of: guest) }
            try guest.signal(SIGKILL)
        }
        if locator.guest == nil, record.state == .creating {
            // The maker crashed before it knew the processes. A guest without its maker ends by itself; this only hurries it.
            for pid in try ProcessScan.withArgument(record.reference.id.rawValue) {
                try ProcessIdentity.of(pid)?.signal(SIGKILL)
            }
        }
        // Only after the guest: the outer process of bubblewrap alone would leave the sandbox alive.
        try locator.outer?.signal(SIGKILL)
        for identity in [locator.guest, locator.outer].compactMap({ $0 }) {
            try await withDeadline(Self.patience, for: "the end of process \(identity.pid) of sandbox \(record.reference.id)") {
                try await host.keeper.waitUntilGone(identity)
            }
        }
        if !guestHoldsAll { try await endStragglers(of: record.reference.id, locator.group) }
    }

    /// Kills what descends from a guest that may still be starting processes: it is stopped first, so that its tree can only shrink.
    private func endTree(of guest: ProcessIdentity) async throws {
        guard try guest.signal(SIGSTOP) else { return }
        try await untilNone(for: "the processes below guest \(guest.pid)") { try ProcessScan.descendants(of: guest.pid) }
    }

    /// Kills what was orphaned by an earlier death of the guest.
    private func endStragglers(of id: SandboxID, _ group: ControlGroup?) async throws {
        try await untilNone(for: "the last processes of sandbox \(id)") {
            Array(Set(try ProcessScan.carrying("\(Self.marker)=\(id)") + (group?.members() ?? [])))
        }
    }

    private func untilNone(for what: String, _ find: @Sendable () throws -> [Int32]) async throws {
        let clock = ContinuousClock()
        let end = clock.now + Self.patience
        while true {
            let found = try find().compactMap { try ProcessIdentity.of($0) }.filter(\.isAlive)
            if found.isEmpty { return }
            guard clock.now < end else { throw SandboxError(.timeout, "\(what) did not end: \(found.map(\.pid))", backend: backend) }
            for identity in found { try identity.signal(SIGKILL) }
            for identity in found {
                try await withDeadline(Self.patience, for: "the end of process \(identity.pid)") {
                    try await host.keeper.waitUntilGone(identity)
                }
            }
        }
    }

    private func removeGroup(_ group: ControlGroup) async throws {
        // A process leaves its group a moment after its end is told; the kernel offers nothing to wait for.
        for delay in [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] {
            if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
            do {
                try group.remove()
                return
            } catch let error as SandboxError where error.code == .conflict {
                for pid in group.members() { try ProcessIdentity.of(pid)?.signal(SIGKILL) }
            }
        }
        try group.remove()
    }
}

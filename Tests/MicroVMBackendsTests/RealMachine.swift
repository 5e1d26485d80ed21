import Foundation
import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import MicroVMBackends

/// A backend with a data directory of its own, on the machine's real QEMU, by emulation: the same on every machine that runs the tests.
struct RealMachine: Sendable {
    let host: MachineHost
    let backend: MicroVMBackend
    let scratch: FilePath

    static let missing: Comment = "needs x86-64, qemu-system-x86, a kernel with its modules, e2fsprogs, busybox-static, and SANDLOT_GUEST"

    static let variables = ProcessInfo.processInfo.environment

    static let isPossible: Bool = {
        guard let guest = variables["SANDLOT_GUEST"], let host = try? host("/nonexistent", guest: guest) else { return false }
        guard host.program("qemu-system-x86_64") != nil, host.program("mke2fs") != nil, host.program("busybox") != nil else { return false }
        return (try? MachineKernel.find(try MachineSettings(), for: .qemu)) != nil
    }()

    static func host(
        _ dataDirectory: FilePath, guest: String, user: UInt32 = geteuid(), searchPath: String = variables["PATH"] ?? "/usr/bin:/bin"
    ) throws -> MachineHost {
        MachineHost(
            dataDirectory: dataDirectory, keeper: try ProcessKeeper(),
            logger: Logger(label: "machines") { _ in SwiftLogNoOpLogHandler() },
            user: SpawnRequest.User(uid: user, gid: getegid()), searchPath: searchPath
        ) { FilePath(guest) }
    }

    /// Runs `body`, takes everything away, and checks that no machine is left.
    static func with(_ settings: [String: [String]] = [:], _ body: @Sendable (RealMachine) async throws -> Void) async throws {
        let guest = try #require(variables["SANDLOT_GUEST"])
        let parent = FilePath(variables["TMPDIR"] ?? "/tmp")
        let root = parent.appending("sandlot-machines-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.create(root, mode: 0o755)
        let scratch = root.appending("scratch")
        try HostDirectory.create(scratch, mode: 0o755)
        let host = try host(root.appending("data"), guest: guest)
        let values = ["acceleration": ["tcg"]].merging(settings) { $1 }
        let machine = RealMachine(host: host, backend: .qemu(host: host, settings: try MachineSettings(values)), scratch: scratch)
        do {
            try await body(machine)
        } catch {
            try? await HostDirectory.remove(root)
            throw error
        }
        #expect(try HostDirectory.names(in: MachineFolder.collection(host.dataDirectory)) == [])
        try await HostDirectory.remove(root)
    }

    /// The process that is a sandbox' machine.
    func monitor(_ sandbox: any Sandbox) throws -> ProcessIdentity { try #require(try MachineLocator(sandbox.reference).monitor) }
}

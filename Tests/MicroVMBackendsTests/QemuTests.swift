import Glibc
import SandboxCore
import SandboxProcess
import SandboxTesting
import SystemPackage
import Testing

@testable import MicroVMBackends

/// By emulation a boot takes seconds, so few machines are booted here; `make conformance BACKEND=qemu` runs the whole suite.
@Suite("On a real machine", .serialized, .enabled(if: RealMachine.isPossible, RealMachine.missing), .timeLimit(.minutes(4)))
struct QemuTests {
    /// Those in which a machine differs most from a process of the host's kernel.
    private static let chosen: Set<String> = [
        "lifecycle.reattach", "lifecycle.same-id", "lifecycle.record-throws", "limits.memory-told", "limits.processes", "limits.disk",
        "isolation.network-none", "isolation.devices", "isolation.processes-unseen", "confinement.seccomp", "confinement.no-capabilities",
    ]

    @Test("a sandbox has a kernel of its own, is found again, tells when its machine dies, and leaves nothing")
    func life() async throws {
        try await RealMachine.with { machine in
            let probe = await machine.backend.probe()
            #expect(probe.isAvailable, "\(probe)")
            let owner = OwnerLabel.random()
            let spec = SandboxSpec(owner: owner, environment: ["SECRET": "of the sandbox"], hostname: "box")
            let sandbox = try await machine.backend.create(spec) { _ in }
            let said = try await sandbox.run(ExecRequest(.shell("uname -n; echo $SECRET; cat /proc/cmdline; exit 7")))
            #expect(said.outcome == .exited(code: 7))
            #expect(said.outputText.hasPrefix("box\nof the sandbox\n") && said.outputText.contains("sandlot.ports="))

            // The second one is a copy of the same machine, and yet another one.
            let copy = try await machine.backend.create(SandboxSpec(owner: owner)) { _ in }
            let line = "cat /etc/machine-id; head -c 16 /dev/urandom | od -An -tx1"
            let (first, second) = (try await sandbox.run(ExecRequest(.shell(line))), try await copy.run(ExecRequest(.shell(line))))
            #expect(first.outputText.count > 40 && first.outputText != second.outputText)
            #expect(first.outputText.prefix(32) != second.outputText.prefix(32))
            try await copy.destroy()

            let again = try await machine.backend.attach(to: sandbox.reference)
            #expect(try await again.run(ExecRequest(.shell("echo $SECRET"))).outputText == "of the sandbox\n")

            let monitor = try machine.monitor(sandbox)
            let running = try await sandbox.start(ExecRequest(.shell("sleep 100")))
            try monitor.signal(SIGKILL)
            var ending: ExecEnding?
            for try await event in running.events { if case .ended(let told) = event { ending = told } }
            guard case .lost(let reason) = ending?.outcome else { throw SandboxError(.internalError, "\(String(describing: ending))") }
            #expect(reason.contains("machine has ended"))
            let error = await #expect(throws: SandboxError.self) { _ = try await machine.backend.attach(to: sandbox.reference) }
            #expect(error?.code == .notFound)
            #expect(try await machine.backend.list(owner: owner).map(\.id) == [spec.id])
            try await machine.backend.remove(sandbox.reference)
            #expect(try await machine.backend.list(owner: owner) == [])

            let runner = ConformanceRunner(hostScratch: machine.scratch)
            for one in ConformanceSuite.all where Self.chosen.contains(one.id) {
                let entry = await runner.run(one, on: machine.backend)
                #expect(entry.verdict == .held, "\(entry.id): \(entry.detail ?? "")")
            }
        }
    }

    @Test("a machine that does not boot in time is ended, and its console is part of the failure")
    func bootDeadline() async throws {
        try await RealMachine.with(["boot_timeout": ["1"], "snapshots": ["false"]]) { machine in
            let spec = SandboxSpec(owner: .random())
            let error = await #expect(throws: SandboxError.self) {
                _ = try await machine.backend.create(spec) { _ in Issue.record("it was recorded") }
            }
            #expect(error?.code == .timeout)
            let left = try await machine.backend.list(owner: spec.owner)
            #expect(left == [])
        }
    }

    @Test("what a machine cannot do is refused, and makes nothing")
    func refusals() async throws {
        try await RealMachine.with { machine in
            let edits: [@Sendable (inout SandboxSpec) -> Void] = [
                { $0.network = .open }, { $0.workspace = .mounted("/tmp", readOnly: false) }, { $0.home = .directory("/tmp") },
                { $0.image = .reference("debian") }, { $0.mounts = [Mount(source: "/tmp", target: "/mnt", readOnly: true)] },
                { $0.limits.gpus = .all },
            ]
            for edit in edits {
                var spec = SandboxSpec(owner: .random())
                edit(&spec)
                let made = spec
                let error = await #expect(throws: SandboxError.self) { _ = try await machine.backend.create(made) { _ in } }
                #expect(error?.code == .unsupported)
                #expect(error?.remedy != nil)
            }
        }
    }
}

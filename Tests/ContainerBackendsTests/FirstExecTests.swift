import ContainerBackends
import SandboxCore
import Testing

@Suite("A container on a real engine", .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing))
struct FirstExecTests {
    @Test("runs a command without root's rights and leaves nothing", arguments: RealEngine.all)
    func runsACommand(_ engine: RealEngine) async throws {
        try await withStage(engine) { stage in
            guard case .available = await stage.backend.probe() else {
                Issue.record("not available: \(await stage.backend.probe())")
                return
            }
            let spec = stage.spec()
            let sandbox = try await stage.backend.create(spec) { _ in }
            let result = try await sandbox.run(
                ExecRequest(.shell("grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; id -u; pwd; hostname")))
            #expect(result.outcome == .exited(code: 0))
            let lines = result.outputText.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
            #expect(lines.prefix(3) == [["CapEff:", "0000000000000000"], ["NoNewPrivs:", "1"], ["Seccomp:", "2"]])
            #expect(lines.dropFirst(4) == [["/workspace"], ["sandbox"]])
            #expect(lines.dropFirst(3).first != ["0"])
            #expect(try await stage.backend.list(owner: spec.owner).map(\.id) == [spec.id])
            try await sandbox.destroy()
            #expect(try await stage.backend.list(owner: spec.owner).isEmpty)
        }
    }
}

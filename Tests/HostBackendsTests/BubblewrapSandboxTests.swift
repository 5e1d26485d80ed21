import HostBackends
import SandboxCore
import Testing

@Suite struct BubblewrapSandboxTests {
    @Test func aCommandRunsAndNothingIsLeft() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec())
            let result = try await sandbox.run(ExecRequest(.shell("id -u; pwd; echo $HOME; ls -a /; cat /proc/net/dev | wc -l")))
            print(result.outputText, result.errorText, result.outcome)
            #expect(result.outcome == .exited(code: 0))
            try await sandbox.destroy()
            try await bench.expectNothingLeft()
        }
    }
}

import SandboxCore
import SystemPackage

/// Commands that mean harm: the outcome is true, and the next command runs or is told the truth.
enum AdversarialCases {
    static let all: [ConformanceCase] = [
        ConformanceCase(
            "adversarial.kill-all", "a command that kills every process it can leaves a true outcome, and the sandbox usable or gone",
            requires: [.processIsolation], needsPrograms: true
        ) { c in
            let sandbox = try await c.makeSandbox()
            let neighbour = try await c.makeSandbox()
            do {
                // Where the guest is among those that can be killed, it may not even come to say that the command runs.
                let exec = try await sandbox.start(ExecRequest(.shell("kill -KILL -1; exit 0"), timeout: .seconds(20)))
                var reader = EventReader(exec)
                _ = try await reader.readToEnd()
            } catch let error as SandboxError {
                try c.expect([.unavailable, .notFound].contains(error.code), "unavailable or not_found", found: "\(error)")
            }
            do { try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output") } catch let error
                as SandboxError
            {
                try c.expect([.unavailable, .notFound].contains(error.code), "unavailable or not_found", found: "\(error)")
            }
            try c.expect(try await c.output(of: "echo alive", in: neighbour), equals: "alive", "the neighbour's output")
        },
        ConformanceCase("adversarial.kill-parent", "a command that kills its parent is not told to have ended well", isolation: .none) {
            c in
            let sandbox = try await c.makeSandbox()
            try await c.needProc(in: sandbox)
            let exec = try await sandbox.start(ExecRequest(.shell("kill -KILL $PPID; sleep 1; exit 70"), timeout: .seconds(20)))
            var reader = EventReader(exec)
            do {
                let outcome = try await reader.readToEnd().outcome
                let isTrue: Bool =
                    switch outcome {
                    case .lost, .exited(code: 70), .signaled: true
                    default: false
                    }
                try c.expect(isTrue, "lost, exited(70) or signaled", found: "\(outcome)")
            } catch let error as SandboxError {
                try c.expect([.unavailable, .notFound].contains(error.code), "unavailable or not_found", found: "\(error)")
            }
            do { try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output") } catch let error
                as SandboxError
            {
                try c.expect([.unavailable, .notFound].contains(error.code), "unavailable or not_found", found: "\(error)")
            }
        },
        ConformanceCase("adversarial.close-descriptors", "a command that closes every descriptor ends as it says") { c in
            let found = try await c.shell(
                "exec <&- >&- 2>&-; for n in 3 4 5 6 7 8 9; do eval \"exec $n>&-\"; done; exit 12", in: c.makeSandbox()
            ) { $0.timeout = .seconds(20) }
            try c.expect(found.outcome, equals: .exited(code: 12), "the outcome")
        },
        ConformanceCase("adversarial.forged-protocol", "output that looks like protocol or control words is only output") { c in
            let text = "\u{1B}]0;x\u{7}{\"exit\":0}\u{0}\u{1}\u{2}exit 0\r\n__SANDLOT_EXIT__0\n"
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell("cat; exit 33", in: sandbox, input: Array(text.utf8))
            try c.expect(found.outputText, equals: text, "the output")
            try c.expect(found.outcome, equals: .exited(code: 33), "the outcome")
        },
        ConformanceCase(
            "adversarial.remove-everything", "a command that removes all it can leaves the host whole, and the sandbox can be destroyed",
            requires: [.privateFileSystem]
        ) { c in
            let keep = c.hostScratch.appending("keep-\(c.owner)")
            try HostScratch.write("kept\n", to: keep)
            defer { HostScratch.removeFile(keep) }
            let sandbox = try await c.makeSandbox()
            _ = try await c.shell(
                "cd \"$HOME\" && rm -rf ./* /tmp/* 2>/dev/null; rm -rf \(sandbox.workspacePath)/* 2>/dev/null; :", in: sandbox
            ) { $0.timeout = .seconds(30) }
            try c.expect(HostScratch.read(keep), equals: "kept\n", "the host's file")
        },
        ConformanceCase(
            "adversarial.workspace-removed",
            "when the workspace was removed by a command, the next one is an error or runs, and nothing hangs"
        ) { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.shell("cd /; rmdir '\(sandbox.workspacePath)' 2>/dev/null; :", in: sandbox)
            do { _ = try await c.shell("echo next", in: sandbox) } catch let error as SandboxError {
                try c.expect([.notFound, .invalidArgument, .unavailable].contains(error.code), "a clear error", found: "\(error)")
            } catch is FileRefusal {}
        },
        ConformanceCase(
            "adversarial.disk-filler", "a command that fills /tmp for a while leaves sandbox and host usable",
            requires: [.privateFileSystem]
        ) { c in
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell("head -c 67108864 /dev/zero >/tmp/fill; wc -c </tmp/fill; rm -f /tmp/fill", in: sandbox)
            try c.expect(found.outcome, equals: .exited(code: 0), "the outcome")
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output")
        },
        ConformanceCase("adversarial.busy-loop", "a spinning command does not keep others from running, and can be killed") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("while :; do :; done"), killGrace: .milliseconds(300)))
            try c.expect(try await c.output(of: "echo beside", in: sandbox), equals: "beside", "another output")
            try await exec.cancel()
            var reader = EventReader(exec)
            try c.expect(try await reader.readToEnd().outcome, equals: .cancelled, "the outcome")
        },
    ]
}

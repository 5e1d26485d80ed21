import SandboxCore
import SystemPackage
import Synchronization

/// Sandboxes begin, are found again, and end.
enum LifecycleCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("lifecycle.record-first", "the reference is recorded before anything runs, and is the sandbox' own") { c in
            let recorded = Mutex<[SandboxReference]>([])
            let spec = c.spec()
            let sandbox = try await c.makeSandbox({ $0 = spec }, record: { reference in recorded.withLock { $0.append(reference) } })
            let found = recorded.withLock { $0 }
            try c.expect(found.first?.id, equals: spec.id, "the recorded id")
            try c.expect(found.last, equals: sandbox.reference, "the recorded reference")
            try c.expect(
                [sandbox.reference.backend.rawValue, sandbox.reference.owner.rawValue],
                equals: [c.backend.descriptor.id.rawValue, c.owner.rawValue], "backend and owner")
        },
        ConformanceCase("lifecycle.record-throws", "a record that throws leaves nothing behind") { c in
            struct Refused: Error {}
            do {
                _ = try await c.makeSandbox(record: { _ in throw Refused() })
                throw ConformanceFailure(expected: "the record's error", found: "a sandbox")
            } catch is Refused {} catch let error as SandboxError where error.cause is Refused {}
            try c.expect(try await c.backend.list(owner: c.owner).count, equals: 0, "the listed sandboxes")
        },
        ConformanceCase("lifecycle.list", "a living sandbox is listed under its owner and under no other") { c in
            let sandbox = try await c.makeSandbox()
            try c.expect(try await c.backend.list(owner: c.owner).map(\.id), equals: [sandbox.reference.id], "the listing")
            try c.expect(try await c.backend.list(owner: .random()).count, equals: 0, "a stranger's listing")
        },
        ConformanceCase("lifecycle.destroy-idempotent", "a sandbox can be destroyed twice, and is not listed any more") { c in
            let sandbox = try await c.makeSandbox()
            try await sandbox.destroy()
            try await sandbox.destroy()
            try c.expect(try await c.backend.list(owner: c.owner).count, equals: 0, "the listing")
        },
        ConformanceCase("lifecycle.destroy-ends-execs", "destroying ends running commands, and their readers hear of it") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("echo on; sleep 60")))
            var reader = EventReader(exec)
            try await reader.read(until: "on\n")
            try await sandbox.destroy()
            do {
                let outcome = try await reader.readToEnd().outcome
                if case .exited = outcome { throw ConformanceFailure(expected: "lost, cancelled or signaled", found: "\(outcome)") }
            } catch let error as SandboxError {
                try c.expect([.unavailable, .notFound].contains(error.code), "unavailable or not_found", found: "\(error)")
            }
        },
        ConformanceCase("lifecycle.after-destroy", "calls after destruction fail with not_found or unavailable, and do not hang") { c in
            let sandbox = try await c.makeSandbox()
            try await sandbox.destroy()
            let gone: Set<SandboxError.Code> = [.notFound, .unavailable]
            try await c.expectError(gone, "start") { _ = try await sandbox.start(ExecRequest(.arguments(["true"]))) }
            try await c.expectError(gone, "execs") { _ = try await sandbox.execs() }
            try await c.expectError(gone, "attach to the sandbox") { _ = try await c.backend.attach(to: sandbox.reference) }
            if c.claims(.files) { try await c.expectError(gone, "list") { _ = try await sandbox.files.list(".", after: nil, limit: 10) } }
        },
        ConformanceCase("lifecycle.remove", "a sandbox is removed by its reference alone, twice without harm") { c in
            let sandbox = try await c.makeSandbox()
            try await c.backend.remove(sandbox.reference)
            try await c.backend.remove(sandbox.reference)
            try c.expect(try await c.backend.list(owner: c.owner).count, equals: 0, "the listing")
        },
        ConformanceCase("lifecycle.remove-is-careful", "removing does not touch what carries another owner") { c in
            let sandbox = try await c.makeSandbox()
            var stranger = sandbox.reference
            stranger.owner = .random()
            // An error is as good as doing nothing.
            try? await c.backend.remove(stranger)
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the sandbox")
        },
        ConformanceCase("lifecycle.reattach", "attaching by reference finds the same files and execs", requires: [.reattach]) { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.output(of: "echo kept >note", in: sandbox)
            let exec = try await sandbox.start(ExecRequest(.shell("echo begun; read x; echo \"got $x\""), input: .stream))
            var reader = EventReader(exec)
            try await reader.read(until: "begun\n")
            let again = try await c.backend.attach(to: sandbox.reference)
            try c.expect(again.workspacePath, equals: sandbox.workspacePath, "the workspace's path")
            try c.expect(try await c.output(of: "cat note", in: again), equals: "kept", "the file")
            try c.expect(try await again.execs().contains { $0.id == exec.id }, equals: true, "the exec in the listing")
            let taken = try await again.attach(to: exec.id, from: reader.offsets)
            try await taken.write(Array("it\n".utf8))
            var second = EventReader(taken, from: reader.offsets)
            let ending = try await second.readToEnd()
            try c.expect(second.text, equals: "got it\n", "the rest of the output")
            try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
        },
        ConformanceCase("lifecycle.attach-unknown", "attaching to a reference that stands for nothing is not_found") { c in
            let sandbox = try await c.makeSandbox()
            let reference = sandbox.reference
            try await sandbox.destroy()
            try await c.expectError([.notFound], "the attachment") { _ = try await c.backend.attach(to: reference) }
        },
        ConformanceCase("lifecycle.private-workspaces", "two sandboxes do not see each other's workspace, home or /tmp") { c in
            let first = try await c.makeSandbox()
            let second = try await c.makeSandbox()
            let isPrivate = c.claims(.privateFileSystem)
            _ = try await c.output(
                of: "echo mine >note; echo mine >\"$HOME/note\"" + (isPrivate ? "; echo mine >/tmp/sandlot-note" : ""), in: first)
            let found = try await c.shell("cat note \"$HOME/note\"" + (isPrivate ? " /tmp/sandlot-note" : ""), in: second)
            try c.expect(found.outputText, equals: "", "what the neighbour sees")
        },
        ConformanceCase("lifecycle.same-id", "a second sandbox with an id that lives is refused, and the first is untouched") { c in
            let sandbox = try await c.makeSandbox()
            let id = sandbox.reference.id
            try await c.expectError([.alreadyExists, .conflict], "the second creation") { _ = try await c.makeSandbox({ $0.id = id }) }
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the first")
        },
        ConformanceCase("lifecycle.many", "eight sandboxes at once work side by side") { c in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let sandbox = try await c.makeSandbox()
                        try c.expect(try await c.output(of: "echo \(number) >n; cat n", in: sandbox), equals: "\(number)", "the note")
                        try await sandbox.destroy()
                    }
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase("lifecycle.workspace-writable", "the workspace is an absolute path, empty and writable") { c in
            let sandbox = try await c.makeSandbox()
            try c.expect(sandbox.workspacePath.isAbsolute, "an absolute path", found: "\(sandbox.workspacePath)")
            try c.expect(try await c.output(of: "ls -A; : >probe; ls", in: sandbox), equals: "probe", "the listing")
        },
    ]
}

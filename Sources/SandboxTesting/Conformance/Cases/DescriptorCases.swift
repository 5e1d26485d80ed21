import SandboxCore
import SystemPackage

/// The descriptor tells the truth.
enum DescriptorCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("descriptor.complete", "the descriptor has a valid id, a name and a summary") { c in
            let descriptor = c.backend.descriptor
            _ = try BackendID(validating: descriptor.id.rawValue)
            try c.expect(
                !descriptor.name.isEmpty && !descriptor.summary.isEmpty, "name and summary",
                found: "'\(descriptor.name)', '\(descriptor.summary)'")
            let keys = descriptor.settings.map(\.key)
            try c.expect(Set(keys).count, equals: keys.count, "different setting keys")
        },
        ConformanceCase("descriptor.probe", "a backend under test probes as available, twice") { c in
            for _ in 0..<2 {
                if case .unavailable(let reason, let remedy) = await c.backend.probe() {
                    throw ConformanceFailure(expected: "an available backend", found: "\(reason); \(remedy)")
                }
            }
        },
        ConformanceCase(
            "descriptor.capabilities-are-true",
            "a claimed word of a specification is accepted; one that is not claimed is refused and makes nothing"
        ) { c in
            for (capability, edit) in edits(c) where c.claims(capability) {
                do { try await c.makeSandbox(edit).destroy() } catch let error as SandboxError {
                    // Not every machine has the hardware, but then the answer must be the same as without the claim.
                    if capability == .gpus, error.code == .unsupported { continue }
                    throw ConformanceFailure(expected: "claimed '\(capability.rawValue)' to work", found: "\(error)")
                }
            }
            for (capability, edit) in edits(c) where !c.claims(capability) {
                try await c.expectError([.unsupported], "'\(capability.rawValue)', which is not claimed") {
                    _ = try await c.makeSandbox(edit)
                }
                try c.expect(
                    try await c.backend.list(owner: c.owner).isEmpty, "that nothing was made",
                    found: "a sandbox for '\(capability.rawValue)'")
            }
        },
        ConformanceCase("descriptor.exec-capabilities-are-true", "terminals and users that are not claimed are refused, and nothing runs") {
            c in
            let sandbox = try await c.makeSandbox()
            if !c.claims(.terminal) {
                try await c.expectError([.unsupported], "a terminal") {
                    _ = try await sandbox.start(ExecRequest(.shell(": >ran"), terminal: TerminalSize(columns: 80, rows: 24)))
                }
            }
            if !c.claims(.users) {
                try await c.expectError([.unsupported], "another user") {
                    _ = try await sandbox.start(ExecRequest(.shell(": >ran"), user: "nobody"))
                }
            }
            try c.expect(try await c.shell("test -e ran", in: sandbox).outcome, equals: .exited(code: 1), "the test for a run")
        },
    ]

    /// One specification that needs each capability.
    private static func edits(_ c: ConformanceContext) -> [(Capability, @Sendable (inout SandboxSpec) -> Void)] {
        let host = c.hostScratch
        return [
            (.mountedWorkspace, { $0.workspace = .mounted(host, readOnly: true) }),
            (.extraMounts, { $0.mounts = [Mount(source: host, target: "/mnt", readOnly: true)] }),
            (.workspacePath, { $0.workspacePath = "/home/user" }),
            (.networkNone, { $0.network = .none }),
            (.networkOpen, { $0.network = .open }),
            (.memoryLimit, { $0.limits.memory = 256 << 20 }),
            (.processorLimit, { $0.limits.processors = 1 }),
            (.processLimit, { $0.limits.processes = 200 }),
            (.diskLimit, { $0.limits.disk = 256 << 20 }),
            (.gpus, { $0.limits.gpus = .all }),
        ]
    }
}

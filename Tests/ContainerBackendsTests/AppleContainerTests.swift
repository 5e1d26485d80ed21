import ContainerBackends
import Foundation
import SandboxCore
import SandboxTesting
import SystemPackage
import Testing

/// On a stand-in for the command that really runs what it is told: namespaces take the virtual machine's place.
@Suite(
    "Apple's containers, by a stand-in for their command", .serialized, .timeLimit(.minutes(20)),
    .enabled(if: AppleStage.isPossible, AppleStage.missing))
struct AppleContainerTests {
    /// `CONFORMANCE_ONLY` names cases or families.
    private static let cases: [ConformanceCase] = {
        guard let wanted = ProcessInfo.processInfo.environment["CONFORMANCE_ONLY"] else { return ConformanceSuite.all }
        let names = Set(wanted.split(separator: ",").map(String.init))
        return ConformanceSuite.all.filter { names.contains($0.id) || names.contains($0.family) }
    }()

    @Test("every promise of the conformance suite is kept")
    func conformance() async throws {
        let report = try await withAppleStage { stage in
            let scratch = stage.root.appending("scratch")
            try FileManager.default.createDirectory(atPath: scratch.string, withIntermediateDirectories: true)
            return await ConformanceRunner(hostScratch: scratch).run(Self.cases, on: stage.backend)
        }
        for entry in report.entries(.notPromised) + report.entries(.couldNotRun) {
            print("apple-container skipped \(entry.id): \(entry.detail ?? "")")
        }
        print(report.summary)
        for entry in report.entries(.open) { Issue.record("\(entry.id): \(entry.detail ?? "")") }
        #expect(!report.entries(.held).isEmpty)
    }

    @Test("the commands of a sandbox are an ordinary user without rights, in an image's environment")
    func firstExec() async throws {
        try await withAppleStage { stage in
            guard case .available(let details) = await stage.backend.probe() else {
                Issue.record("not available: \(await stage.backend.probe())")
                return
            }
            #expect(details["tested"] != nil)
            let sandbox = try await stage.backend.create(stage.spec { $0.hostname = "box" }) { _ in }
            let line = "grep -E '^(CapPrm|CapEff|NoNewPrivs|Seccomp):' /proc/self/status; id -u; pwd; hostname; echo $FROM_IMAGE"
            let lines = try await sandbox.run(ExecRequest(.shell(line))).outputText.split(separator: "\n").map(String.init)
            #expect(lines.prefix(4) == ["CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"])
            #expect(lines.dropFirst(5) == ["/workspace", "box", "yes"])
            #expect(lines.count > 4 && lines[4] != "0")
            try await sandbox.destroy()
        }
    }

    @Test("a sandbox is outdated when the settings of now would shape it otherwise, whatever its image")
    func outdated() async throws {
        try await withAppleStage { stage in
            let spec = stage.spec()
            let sandbox = try await stage.backend.create(spec) { _ in }
            var (other, larger) = (stage.settings, stage.settings)
            other.image = "localhost/another:1"
            larger.memory += 512
            #expect(try await !stage.backend.isOutdated(sandbox.reference, as: spec))
            for (settings, expected) in [(other, false), (larger, true)] {
                let later = AppleContainerBackend(host: stage.host, settings: settings)
                #expect(try await later.isOutdated(sandbox.reference, as: spec) == expected)
            }
            try await sandbox.destroy()
        }
    }

    @Test("nobody inside but root reaches the guest's socket")
    func socketIsClosed() async throws {
        try await withAppleStage { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let found = try await sandbox.run(
                ExecRequest(
                    .shell(
                        "ls /.sandlot/state/door; mv /.sandlot/state/door /tmp/x; /.sandlot/bin/guest relay --to /.sandlot/state/door/guest"
                    ))
            )
            #expect(found.outputText.isEmpty && !found.outcome.isSuccess)
            #expect(try await sandbox.run(ExecRequest(.shell("echo well"))).outputText == "well\n")
            try await sandbox.destroy()
        }
    }

    @Test("a command goes on while no Sandlot is there, and another one reads how it ended")
    func survivesItsMaker() async throws {
        try await withAppleStage { stage in
            let id = ExecID.random()
            // The maker and its relay are gone when this value is.
            let reference = try await {
                let maker = AppleContainerBackend(host: stage.host, settings: stage.settings)
                let sandbox = try await maker.create(stage.spec { $0.environment = ["TOKEN": "hush"] }) { _ in }
                let exec = try await sandbox.start(
                    ExecRequest(.shell("echo one; while [ ! -e go ]; do sleep 0.02; done; echo $TOKEN; exit 5"), id: id))
                await exec.detach()
                return sandbox.reference
            }()
            let again = try await stage.backend.attach(to: reference)
            _ = try await again.run(ExecRequest(.shell(": >go")))
            let exec = try await again.attach(to: id, from: .zero)
            var text: [UInt8] = []
            var outcome: ExecOutcome?
            for try await event in exec.events {
                if case .output(let chunk) = event { text += chunk.bytes }
                if case .ended(let ending) = event { outcome = ending.outcome }
            }
            #expect(String(decoding: text, as: UTF8.self) == "one\nhush\n")
            #expect(outcome == .exited(code: 5))
            #expect(try await !stage.command("list", "--all", "--format", "json").contains("hush"))
            try await again.destroy()
        }
    }

    @Test("a sandbox that may not outlive its maker ends when the maker lets go")
    func endsWithCreator() async throws {
        try await withAppleStage { stage in
            let reference = try await {
                let maker = AppleContainerBackend(host: stage.host, settings: stage.settings)
                let sandbox = try await maker.create(stage.spec { $0.endsWithCreator = true }) { _ in }
                #expect(try await sandbox.run(ExecRequest(.arguments(["true"]))).outcome.isSuccess)
                return sandbox.reference
            }()
            // There is no event to await for somebody who only has the command; the suite's time limit bounds it.
            while try await stage.command("list", "--all", "--format", "json").contains(reference.id.rawValue) {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await stage.backend.remove(reference)
        }
    }

    @Test("killed from outside, its execs are lost, and its name is free again after removal")
    func killedFromOutside() async throws {
        try await withAppleStage { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let exec = try await sandbox.start(ExecRequest(.shell("echo on; sleep 300")))
            var last: ExecEvent?
            for try await event in exec.events {
                last = event
                if case .output = event { try await stage.command("stop", "--time", "0", sandbox.reference.locator["container"] ?? "") }
            }
            guard case .ended(let ending) = last, case .lost = ending.outcome else {
                Issue.record("the exec ended with \(String(describing: last))")
                return
            }
            let error = await #expect(throws: SandboxError.self) { try await stage.backend.attach(to: sandbox.reference) }
            #expect(error?.code == .notFound)
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).count == 1)
            try await sandbox.destroy()
            #expect(try await stage.backend.list(owner: sandbox.reference.owner).isEmpty)
        }
    }

    @Test("a foreign container of the same name is a conflict and stays as it is")
    func foreignContainer() async throws {
        try await withAppleStage { stage in
            let spec = stage.spec()
            try await stage.command(
                "create", "--name", "sandlot-\(spec.id)", "--label", "dev.sandlot.sandbox=other", "localhost/busybox:latest")
            let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(spec) { _ in } }
            #expect(error?.code == .alreadyExists)
            #expect(try await stage.command("list", "--all", "--format", "json").contains("sandlot-\(spec.id)"))
            try await stage.command("delete", "sandlot-\(spec.id)")
        }
    }

    @Test("twelve sandboxes made at once all work")
    func manyAtOnce() async throws {
        try await withAppleStage { stage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        let sandbox = try await stage.backend.create(stage.spec()) { _ in }
                        #expect(try await sandbox.run(ExecRequest(.shell("echo \(number)"))).outputText == "\(number)\n")
                        try await sandbox.destroy()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("without its service nothing is made, and the remedy names the command that starts it")
    func serviceIsDown() async throws {
        try await withAppleStage { stage in
            try await stage.command("image", "pull", "localhost/busybox:latest")
            try stage.setService(running: false)
            guard case .unavailable(let reason, let remedy) = await stage.backend.probe() else {
                Issue.record("it says that it is available")
                return
            }
            #expect(reason.contains("unregistered") && remedy.contains("container system start"))
            let error = await #expect(throws: SandboxError.self) { try await stage.backend.create(stage.spec()) { _ in } }
            #expect(error?.code == .unavailable && error?.remedy?.contains("container system start") == true)
            try stage.setService(running: true)
        }
    }
}

/// What the real command has been seen to say, and what we make of it.
@Suite("The words of Apple's container command", .timeLimit(.minutes(1)))
struct AppleWordsTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        var verb: String
        var text: String
        var status = 1
        var code: SandboxError.Code
        var testDescription: String { text }
    }

    static let samples = [
        Sample(
            verb: "create", text: #"Error: internalError: "failed to create container" (cause: "exists: "container already exists: box"")"#,
            code: .alreadyExists),
        Sample(
            verb: "create",
            text:
                #"Error: internalError: "failed to create container" (cause: "invalidArgument: "minimum memory amount allowed is 200 MiB (got 1 bytes)"")"#,
            code: .invalidArgument),
        Sample(verb: "create", text: #"Error: invalidArgument: "path '/nowhere' does not exist""#, code: .invalidArgument),
        Sample(
            verb: "create",
            text: """
                Error: interrupted: "internalError: "failed to create container" (cause: "interrupted: "XPC connection error: Connection invalid"")
                Ensure container system service has been started with `container system start`."
                """, code: .unavailable),
        Sample(
            verb: "start",
            text:
                #"Error: internalError: "failed to bootstrap container" (cause: "internalError: "Error Domain=NSPOSIXErrorDomain Code=22 "Invalid argument""")"#,
            code: .unavailable),
        Sample(verb: "start", text: #"Error: notFound: "get failed: container box not found""#, code: .notFound),
        Sample(
            verb: "start", text: #"Error: invalidState: "container expected to be in created state, got: stopped""#, code: .conflict),
        Sample(
            verb: "create", text: "Error: Unknown option '--network'\nUsage: container create [<options>] <image>", status: 64,
            code: .unsupported),
        Sample(verb: "image", text: #"Error: unsupported: "no such thing""#, code: .unsupported),
        Sample(verb: "create", text: "", code: .unavailable),
    ]

    @Test("become typed errors, and nothing is left", arguments: samples)
    func typed(_ sample: Sample) async throws {
        try await withFailingCommand(sample.verb, saying: sample.text, status: sample.status) { backend in
            let error = await #expect(throws: SandboxError.self) { try await backend.create(SandboxSpec(owner: .random())) { _ in } }
            #expect(error?.code == sample.code, "\(String(describing: error))")
            #expect(error?.backend == AppleContainerBackend.id)
        }
    }

    @Test("without the command there is nothing to use here, and the reason says where there is")
    func elsewhere() async throws {
        let backend = try appleBackend([:])
        guard case .unavailable(let reason, let remedy) = await backend.probe() else {
            Issue.record("it says that it is available")
            return
        }
        #expect(reason.contains("macOS 26 only") && remedy.contains("podman"))
    }

    @Test(
        "a specification that a virtual machine cannot hold is refused before anything is made",
        arguments: [
            ResourceLimits(memory: 64 << 20), ResourceLimits(processors: 0.5), ResourceLimits(disk: 1 << 30), ResourceLimits(processes: 0),
        ])
    func limits(_ limits: ResourceLimits) async throws {
        try await withFailingCommand("create", saying: "never reached") { backend in
            let error = await #expect(throws: SandboxError.self) {
                try await backend.create(SandboxSpec(owner: .random(), limits: limits)) { _ in }
            }
            #expect(error?.message.contains("never reached") == false)
            #expect([.unsupported, .invalidArgument].contains(error?.code))
        }
    }

    @Test(
        "settings that make no sense are refused",
        arguments: [["command": ["container"]], ["pull": ["often"]], ["memory": ["64"]], ["processes": ["2"]], ["processors": ["half"]]])
    func settings(_ values: [String: [String]]) { #expect(throws: SandboxError.self) { try AppleSettings(values) } }

    private func appleBackend(_ settings: [String: [String]]) throws -> AppleContainerBackend {
        AppleContainerBackend(host: try bareHost(), settings: try AppleSettings(settings))
    }
}

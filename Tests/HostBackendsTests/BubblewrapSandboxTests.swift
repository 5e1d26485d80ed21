import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

@Suite struct BubblewrapSandboxTests {
    @Test func theProbeFindsItUsable() async throws {
        try await withBench { bench in
            let answer = await bench.backend.probe()
            guard case .available(let details) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(details["version"]?.hasPrefix("bubblewrap") == true)
        }
    }

    @Test func aMissingBwrapIsExplained() async throws {
        try await withBench { bench in
            let settings = try BubblewrapSettings(SettingTexts(["bwrap_path": ["/nowhere/bwrap"]]))
            let answer = await BubblewrapBackend(host: bench.host, settings: settings).probe()
            guard case .unavailable(let reason, let remedy) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(reason.contains("/nowhere/bwrap"))
            #expect(remedy.contains("apt-get install bubblewrap"))
        }
    }

    @Test func aCommandRunsAndNothingIsLeft() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec(environment: ["SECRET": "s3"]))
            let result = try await sandbox.run(ExecRequest(.shell("id -un; pwd; echo $HOME $SECRET; echo x > f; cat f")))
            #expect(result.outcome == .exited(code: 0))
            #expect(result.outputText == "sandbox\n/workspace\n/home/sandbox s3\nx\n")
            let locator = try Locator(sandbox.reference)
            #expect(locator.guest?.isAlive == true)
            try await sandbox.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
            try await sandbox.destroy()
        }
    }

    @Test func aSecondBackendTakesItUpWithItsExecsAndEnvironment() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec(environment: ["SECRET": "s3"]))
            let exec = try await sandbox.start(ExecRequest(.shell("echo first; read line; echo $line $SECRET"), input: .stream))
            await exec.detach()
            let second = try await bench.anotherBackend().attach(to: sandbox.reference)
            let again = try await second.attach(to: exec.id, from: .zero)
            try await again.write(Array("second\n".utf8))
            var text = ""
            for try await event in again.events {
                if case .output(let chunk) = event { text += String(decoding: chunk.bytes, as: UTF8.self) }
            }
            #expect(text == "first\nsecond s3\n")
            #expect(try await second.run(ExecRequest(.shell("echo $SECRET"))).outputText == "s3\n")
            try await second.destroy()
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test func aSandboxThatNobodyRecordedIsGone() async throws {
        try await withBench { bench in
            struct Refused: Error {}
            let seen = Box<SandboxReference>()
            await #expect(throws: Refused.self) {
                _ = try await bench.backend.create(bench.spec()) { reference in
                    seen.value = reference
                    #expect(try Locator(reference).guest?.isAlive == true)
                    throw Refused()
                }
            }
            try await bench.expectNothingLeft(of: try #require(seen.value))
        }
    }

    @Test func anExecOfAKilledSandboxIsLost() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec())
            let exec = try await sandbox.start(ExecRequest(.arguments(["sleep", "1000"])))
            try Locator(sandbox.reference).guest?.signal(SIGKILL)
            var last: ExecEvent?
            for try await event in exec.events { last = event }
            guard case .ended(let ending) = last, case .lost = ending.outcome else {
                Issue.record("\(String(describing: last))")
                return
            }
            let error = await #expect(throws: SandboxError.self) { try await bench.anotherBackend().attach(to: sandbox.reference) }
            #expect(error?.code == .notFound)
            #expect(try await bench.backend.list(owner: bench.owner) == [sandbox.reference])
            try await bench.backend.remove(sandbox.reference)
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test func theDeathOfTheOuterProcessHarmsNothing() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec())
            let outer = try #require(try Locator(sandbox.reference).outer)
            try outer.signal(SIGKILL)
            try await bench.host.keeper.waitUntilGone(outer)
            #expect(try await sandbox.run(ExecRequest(.arguments(["echo", "on"]))).outputText == "on\n")
            try await bench.anotherBackend().remove(sandbox.reference)
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }

    @Test func whatACrashDuringCreationLeftIsListedAndRemoved() async throws {
        try await withBench { bench in
            let id = SandboxID.random()
            var reference = SandboxReference(id: id, backend: BubblewrapBackend.id, owner: bench.owner, session: nil, locator: [:])
            reference.locator = Locator(workspace: "/workspace", home: "/home/sandbox").texts
            let folder = SandboxFolder(id, in: bench.host.dataDirectory)
            try folder.create(SandboxRecord(state: .creating, reference: reference), mode: 0o700)
            #expect(try await bench.backend.list(owner: bench.owner) == [reference])
            #expect(try await bench.backend.list(owner: .random()) == [])
            try await bench.backend.remove(reference)
            try await bench.expectNothingLeft(of: reference)
        }
    }

    @Test func anotherOwnersSandboxIsNotTouched() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec())
            var stolen = sandbox.reference
            stolen.owner = .random()
            let error = await #expect(throws: SandboxError.self) { try await bench.backend.remove(stolen) }
            #expect(error?.code == .denied)
            #expect(try await sandbox.run(ExecRequest(.arguments(["true"]))).outcome == .exited(code: 0))
            let taken = await #expect(throws: SandboxError.self) {
                var spec = bench.spec()
                spec.id = sandbox.reference.id
                _ = try await bench.create(spec)
            }
            #expect(taken?.code == .alreadyExists)
            #expect(try await sandbox.run(ExecRequest(.arguments(["true"]))).outcome == .exited(code: 0))
            try await sandbox.destroy()
        }
    }

    @Test func twentySandboxesAtOnceComeAndGo() async throws {
        try await withBench { bench in
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let sandbox = try await bench.create(bench.spec(environment: ["N": "\(number)"]))
                        let text = try await sandbox.run(ExecRequest(.shell("echo $N"))).outputText
                        try await sandbox.destroy()
                        try await bench.expectProcessesGone(of: sandbox.reference)
                        return text
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == Set((0..<20).map { "\($0)\n" }))
            #expect(try HostDirectory.names(in: bench.directory.appending("data").appending("sandboxes")) == [])
        }
    }

    @Test func aMountedWorkspaceIsTheHostsDirectory() async throws {
        try await withBench { bench in
            for uid in bench.isRoot ? [UInt32(0), 64777] : [geteuid()] {
                let folder = try bench.folder("work-\(uid)", owner: uid)
                let sandbox = try await bench.create(bench.spec(workspace: .mounted(folder, readOnly: false)))
                #expect(try await sandbox.run(ExecRequest(.shell("id -u; echo new > made"))).outcome == .exited(code: 0))
                #expect(try HostDirectory.contents(folder.appending("made")) == Array("new\n".utf8))
                var status = stat()
                #expect(stat(folder.appending("made").string, &status) == 0)
                #expect(status.st_uid == uid)
                try await sandbox.destroy()
                let reading = try await bench.create(bench.spec(workspace: .mounted(folder, readOnly: true)))
                let result = try await reading.run(ExecRequest(.shell("cat made; echo more >> made")))
                #expect(result.outputText == "new\n")
                #expect(result.outcome != .exited(code: 0))
                #expect(try HostDirectory.contents(folder.appending("made")) == Array("new\n".utf8))
                try await reading.destroy()
            }
        }
    }

    @Test func anEmptyRootDirectoryIsEnoughForTheGuest() async throws {
        try await withBench { bench in
            let root = try bench.folder("root", owner: geteuid())
            var spec = bench.spec()
            spec.image = .rootDirectory(root)
            let sandbox = try await bench.create(spec)
            #expect(try await sandbox.files.list("/", after: nil, limit: 100).entries.contains { $0.path.lastComponent == "workspace" })
            await #expect(throws: ExecStartFailure.self) { _ = try await sandbox.run(ExecRequest(.arguments(["ls"]))) }
            try await sandbox.destroy()
        }
    }

    @Test func aSandboxThatWouldShowSandlotsOwnFilesIsRefused() async throws {
        try await withBench { bench in
            let inside = bench.host.dataDirectory.appending("sandboxes")
            try HostDirectory.ensure(inside, mode: 0o711)
            for path in [bench.host.dataDirectory, inside, bench.directory, "/", "/proc", "/nowhere"] {
                let error = await #expect(throws: SandboxError.self) {
                    _ = try await bench.create(bench.spec(workspace: .mounted(path, readOnly: true)))
                }
                #expect(error?.code == .invalidArgument)
            }
            for target: FilePath in ["/proc/x", "/dev", "/.sandlot/guest", "/", "/workspace", "relative", "/mnt/../etc"] {
                var spec = bench.spec()
                spec.mounts = [Mount(source: "/usr/share", target: target, readOnly: true)]
                let error = await #expect(throws: SandboxError.self) { _ = try await bench.create(spec) }
                #expect(error?.code == .invalidArgument)
            }
            #expect(try HostDirectory.names(in: inside) == [])
        }
    }

    @Test func extraMountsAndAHomeAreSeen() async throws {
        try await withBench { bench in
            let home = try bench.folder("home", owner: bench.isRoot ? 64200 : geteuid())
            var spec = bench.spec()
            spec.home = .directory(home)
            spec.mounts = [Mount(source: "/usr/share", target: "/mnt/share", readOnly: true)]
            let sandbox = try await bench.create(spec)
            let result = try await sandbox.run(ExecRequest(.shell("test -d /mnt/share/doc && echo kept > ~/kept && ! touch /mnt/share/x")))
            #expect(result.outcome == .exited(code: 0), "\(result.errorText)")
            #expect(try HostDirectory.contents(home.appending("kept")) == Array("kept\n".utf8))
            try await sandbox.destroy()
        }
    }
}

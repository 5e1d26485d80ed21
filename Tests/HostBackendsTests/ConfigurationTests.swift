import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

@Suite(.timeLimit(.minutes(10))) struct ConfigurationTests {
    @Test func oneVersionServesAllSandboxesAndCannotBeChangedFromInside() async throws {
        try await withBench { bench in
            let settings = try BubblewrapSettings(SettingTexts(["private_directory": [bench.directory.appending("private").string]]))
            let backend = BubblewrapBackend(host: bench.host, settings: settings)
            let sandboxes = [try await backend.create(bench.spec()) { _ in }, try await backend.create(bench.spec()) { _ in }]
            let stores = ["private", "data"].map { bench.directory.appending($0).appending("etc") }
            #expect(try stores.flatMap { try HostDirectory.names(in: $0) }.count == 1)
            for sandbox in sandboxes {
                let seen = try await sandbox.run(
                    ExecRequest(.shell("cat /etc/passwd /etc/hostname && cmp /etc/services /etc/services && ls /etc/ssl/certs | wc -l")))
                #expect(seen.outcome.isSuccess, "\(seen.errorText)")
                #expect(seen.outputText.contains("sandbox:x:1000"))
                for line in ["echo x > /etc/passwd", "rm -rf /etc/services && ! ls /etc/services", "touch /etc/new", "chmod 777 /etc"] {
                    #expect(!(try await sandbox.run(ExecRequest(.shell(line)))).outcome.isSuccess, "\(line)")
                }
                #expect(!(try await sandbox.run(ExecRequest(.shell("cat /etc/shadow")))).outcome.isSuccess)
                try await sandbox.destroy()
            }
        }
    }

    @Test func anotherHostNameIsAnotherVersion() throws {
        let one = try ConfigurationFiles(network: .none, hostname: "one")
        #expect(try ConfigurationFiles(network: .none, hostname: "one").fingerprint == one.fingerprint)
        #expect(try ConfigurationFiles(network: .none, hostname: "two").fingerprint != one.fingerprint)
        #expect(!one.entries.contains { $0.path.hasPrefix("/") || $0.path.contains("shadow") })
    }

    @Test func oldVersionsGoUnlessTheyAreMounted() async throws {
        try await withBench { bench in
            let store = ConfigurationStore(directory: bench.directory.appending("etc"))
            let (old, new) = (
                try ConfigurationFiles(network: .none, hostname: "old"), try ConfigurationFiles(network: .none, hostname: "new")
            )
            try store.ensure(old)
            #expect(try KernelFileMode.of(store.place(old).appending("passwd")) == 0o644)
            var times = [timespec(tv_sec: time(nil) - 90_000, tv_nsec: 0), timespec(tv_sec: time(nil) - 90_000, tv_nsec: 0)]
            utimensat(AT_FDCWD, store.place(old).string, &times, 0)
            try store.ensure(new)
            #expect(!HostDirectory.exists(store.place(old)))
            #expect(HostDirectory.exists(store.place(new)))
        }
    }

    @Test func aDirectoryThatOthersCanWriteIsNotTrusted() async throws {
        try await withBench { bench in
            let store = ConfigurationStore(directory: bench.directory.appending("etc"))
            let files = try ConfigurationFiles(network: .none, hostname: "box")
            try HostDirectory.ensure(store.directory, mode: 0o711)
            try HostDirectory.create(store.place(files), mode: 0o777)
            let error = #expect(throws: SandboxError.self) { try store.ensure(files) }
            #expect(error?.code == .denied)
        }
    }

    @Test func filesInMemoryAreBounded() async throws {
        try await withBench { bench in
            let settings = try BubblewrapSettings(SettingTexts(["memory_files_mib": ["8"]]))
            let sandbox = try await BubblewrapBackend(host: bench.host, settings: settings).create(bench.spec()) { _ in }
            for place in ["/tmp", "/home/sandbox"] {
                let result = try await sandbox.run(ExecRequest(.shell("head -c 20M /dev/zero > \(place)/big; stat -c %s \(place)/big")))
                #expect(Int(result.outputText.filter(\.isNumber)) == 8 << 20, "\(result.outputText)")
            }
            try await sandbox.destroy()
        }
    }

    @Test func aTrialThatWorkedIsRememberedForTheSamePrograms() async throws {
        try await withBench { bench in
            try HostDirectory.ensure(bench.host.dataDirectory, mode: 0o700)
            func trial(_ backend: BubblewrapBackend) async throws -> String? {
                guard case .available(let details) = await backend.probe() else { return nil }
                return details["trial"]
            }
            #expect(try await trial(bench.backend) == "worked just now")
            #expect(try await trial(bench.anotherBackend()) == "worked a few minutes ago")
            var other = try BubblewrapSettings()
            other.systemPaths = ["/opt"]
            #expect(try await trial(BubblewrapBackend(host: bench.host, settings: other)) == "worked just now")
            let file = bench.host.dataDirectory.appending("bubblewrap-trial")
            var times = [timespec(tv_sec: time(nil) - 700, tv_nsec: 0), timespec(tv_sec: time(nil) - 700, tv_nsec: 0)]
            utimensat(AT_FDCWD, file.string, &times, 0)
            #expect(try await trial(BubblewrapBackend(host: bench.host, settings: other)) == "worked just now")
        }
    }
}

private enum KernelFileMode {
    static func of(_ path: FilePath) throws -> UInt32 {
        var status = stat()
        try #require(lstat(path.string, &status) == 0)
        return status.st_mode & 0o777
    }
}

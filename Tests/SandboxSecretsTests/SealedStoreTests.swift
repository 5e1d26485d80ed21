import Foundation
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxSecrets

@Suite("The sealed store", .timeLimit(.minutes(10)))
struct SealedStoreTests {
    @Test func `what is set is found again by the next process, and nothing of it is on disk in the clear`() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        #expect(try store.summary() == nil)
        try await store.set(name("cloud.key"), to: "sentinel-value-1")
        try await store.set(name("other"), to: "sentinel-value-2")
        try await store.set(name("cloud.key"), to: "sentinel-value-3")
        let next = scratch.store()
        #expect(try await next.value(name("cloud.key")) == "sentinel-value-3")
        #expect(try await next.entries().map(\.name.rawValue) == ["cloud.key", "other"])
        #expect(try next.summary() == .init(generation: 3, source: .keyFile, preferred: .keyFile))
        for (file, bytes) in try scratch.files() {
            for word in ["sentinel", "cloud.key", "other"] { #expect(bytes.range(of: Data(word.utf8)) == nil, "\(file)") }
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path.appending(file).string)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
        }
        try await next.remove([name("other")])
        #expect(await code { _ = try await next.value(name("other")) } == .notFound)
        #expect(await code { try await next.remove([name("cloud.key"), name("other")]) } == .notFound)
        #expect(try await next.value(name("cloud.key")) == "sentinel-value-3")
    }

    @Test func `a damaged file is told and left as it is`() async throws {
        let scratch = try Scratch()
        try await scratch.store().set(name("key"), to: "value")
        let path = scratch.path.appending("secrets.sealed").string
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        var refused = 0
        for index in stride(from: 0, to: good.count, by: 3) {
            var bad = good
            bad[index] ^= 1
            try bad.write(to: URL(fileURLWithPath: path))
            do {
                // Spare bits at the end of base 64 mean nothing; whatever else opens must be what was sealed.
                #expect(try await scratch.store().value(name("key")) == "value")
            } catch {
                refused += 1
                #expect(await code { try await scratch.store().set(name("key"), to: "new") } != nil)
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bad)
            }
        }
        #expect(refused > good.count / 3 - 5)
        for length in [0, 1, good.count / 2, good.count - 3] {
            try good.prefix(length).write(to: URL(fileURLWithPath: path))
            #expect(await code { _ = try await scratch.store().value(name("key")) } == .unavailable)
        }
    }

    @Test func `an older version put in the place of its key's store is not taken for another generation`() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        try await store.set(name("key"), to: "value")
        let path = scratch.path.appending("secrets.sealed").string
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("\"generation\" : 1", with: "\"generation\" : 9")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        #expect(await code { _ = try await store.value(name("key")) } == .unavailable)
    }

    @Test func `writers at once lose nothing`() async throws {
        let scratch = try Scratch()
        let stores = (0..<3).map { _ in scratch.store() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<30 { group.addTask { try await stores[number % 3].set(name("key-\(number)"), to: "value-\(number)") } }
            try await group.waitForAll()
        }
        #expect(try await scratch.store().entries().count == 30)
        #expect(try scratch.store().summary()?.generation == 30)
    }

    @Test func `rotation makes a new key and forgets the old one`() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        try await store.set(name("key"), to: "value")
        let before = try scratch.keyFiles()
        let bystander = scratch.store()
        #expect(try await bystander.value(name("key")) == "value")
        #expect(try await store.rotate().generation == 2)
        let after = try scratch.keyFiles()
        #expect(before.count == 1 && after.count == 1 && before != after)
        #expect(try await bystander.value(name("key")) == "value")
        #expect(try await scratch.store().value(name("key")) == "value")
    }

    @Test func `readers see every rotation whole`() async throws {
        let scratch = try Scratch()
        try await scratch.store().set(name("key"), to: "value")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for _ in 0..<20 { _ = try await scratch.store().rotate() } }
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<40 {
                        let value = try await scratch.store().value(name("key"))
                        #expect(value == "value")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try scratch.keyFiles().count == 1)
    }

    @Test func `values that are no secrets are refused and nothing is made`() async throws {
        let scratch = try Scratch()
        for value in ["", "a\0b", String(repeating: "x", count: SealedSecretStore.longestValue + 1)] {
            #expect(await code { try await scratch.store().set(name("key"), to: value) } == .invalidArgument)
        }
        #expect(try scratch.files().isEmpty)
        for wrong in ["", "UPPER", "a b", ".hidden", String(repeating: "x", count: 101)] {
            #expect(throws: SandboxError.self) { try SecretName(validating: wrong) }
        }
    }
}

@Suite("Where the key is", .timeLimit(.minutes(10)))
struct KeyTests {
    @Test func `a key file that is gone, or that others can read, is told`() async throws {
        let scratch = try Scratch()
        try await scratch.store().set(name("key"), to: "value")
        let file = scratch.path.appending(try #require(try scratch.keyFiles().first)).string
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        #expect(await code { _ = try await scratch.store().value(name("key")) } == .denied)
        try FileManager.default.removeItem(atPath: file)
        #expect(await code { _ = try await scratch.store().value(name("key")) } == .unavailable)
        #expect(await code { try await scratch.store().set(name("key"), to: "other") } == .unavailable)
    }

    @Test func `a command's key seals, and another one does not open`() async throws {
        let scratch = try Scratch()
        let first = String(repeating: "k", count: 32)
        let settings = KeySettings(command: ["/bin/echo", first])
        try await scratch.store(settings).set(name("key"), to: "value")
        #expect(try scratch.keyFiles().isEmpty)
        #expect(try await scratch.store(settings).value(name("key")) == "value")
        let other = KeySettings(command: ["/bin/echo", first + "2"])
        #expect(await code { _ = try await scratch.store(other).value(name("key")) } == .unavailable)
        #expect(await code { _ = try await scratch.store().value(name("key")) } == .unavailable)
    }

    @Test func `a file's key seals, and rotation moves to where the settings now want the key`() async throws {
        let scratch = try Scratch()
        try await scratch.store().set(name("key"), to: "value")
        let file = scratch.path.appending("given")
        try (String(repeating: "f", count: 40) + "\n").write(toFile: file.string, atomically: false, encoding: .utf8)
        let settings = KeySettings(file: file)
        #expect(await code { _ = try await scratch.store(settings).rotate() } == .denied)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.string)
        #expect(try scratch.store(settings).summary()?.source == .keyFile)
        #expect(try await scratch.store(settings).rotate().source == .file)
        #expect(try scratch.keyFiles().isEmpty)
        #expect(try await scratch.store(settings).value(name("key")) == "value")
        #expect(await code { _ = try await scratch.store().rotate() } == .unavailable)
    }

    @Test func `a key that could be guessed is refused`() async throws {
        let scratch = try Scratch()
        #expect(
            await code { try await scratch.store(KeySettings(command: ["/bin/echo", "short"])).set(name("key"), to: "v") }
                == .invalidArgument)
        #expect(await code { try await scratch.store(KeySettings(command: ["/bin/false"])).set(name("key"), to: "v") } == .unavailable)
        #expect(await code { try await scratch.store(KeySettings(command: ["/no/such"])).set(name("key"), to: "v") } == .notFound)
        #expect(try scratch.files().keys.filter { $0 != "secrets.lock" }.isEmpty)
    }
}

@Suite("Referring to secrets", .timeLimit(.minutes(10)))
struct ReferenceTests {
    @Test func `a file gives its text without the line break`() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("token")
        try "s3cret\n".write(toFile: path.string, atomically: false, encoding: .utf8)
        #expect(try SecretFile.read(path) == "s3cret")
        #expect(throws: SandboxError.self) { try SecretFile.read(scratch.path.appending("none")) }
        #expect(throws: SandboxError.self) { try SecretFile.read(scratch.path) }
    }

    @Test func `a pipe that nobody writes to does not stop us`() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("pipe")
        try #require(mkfifo(path.string, 0o600) == 0)
        #expect(throws: SandboxError.self) { try SecretFile.read(path) }
    }

    @Test func `a command that does not end is ended, and its output is in no error`() async throws {
        let programs = HostPrograms(environment: ["PATH": "/usr/bin:/bin"])
        let patient = SecretCommand(programs: programs)
        #expect(try await patient.run(["printf", "s3cret\n"], for: "test") == "s3cret")
        do {
            _ = try await patient.run(["sh", "-c", "echo sentinel; echo sentinel >&2; exit 3"], for: "test")
            Issue.record("it succeeded")
        } catch {
            #expect(!"\(error)".contains("sentinel") && "\(error)".contains("3"))
        }
        #expect(
            await code { _ = try await SecretCommand(programs: programs, deadline: .milliseconds(50)).run(["sleep", "60"], for: "test") }
                == .timeout)
    }
}

/// A directory of its own that is gone after the test.
final class Scratch: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-secrets-\(UUID().uuidString)").path)
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    /// Without a keyring: the machine's is none of the tests' business.
    func store(_ keys: KeySettings = KeySettings(usesKeyring: false)) -> SealedSecretStore {
        SealedSecretStore(directory: path, keys: keys, programs: HostPrograms(environment: [:]))
    }

    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path.string) {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: path.appending(name).string))
        }
        return files
    }

    func keyFiles() throws -> [String] { try files().keys.filter { $0.hasSuffix(".key") } }
}

func name(_ text: String) throws -> SecretName { try SecretName(validating: text) }

/// The code of the `SandboxError` that some work throws; nil when it throws none.
func code(_ work: () async throws -> Void) async -> SandboxError.Code? {
    do {
        try await work()
        return nil
    } catch {
        return (error as? SandboxError)?.code
    }
}

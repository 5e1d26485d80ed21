import Glibc
import Logging
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage
import Testing

@testable import HostBackends

/// A data directory of its own and the backends on it.
struct Bench: Sendable {
    let directory: FilePath
    let host: HostEnvironment
    let backend: BubblewrapBackend
    let owner = OwnerLabel.random()

    init() throws {
        directory = temporaryDirectory.appending("sandlot-host-\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.create(directory, mode: 0o755)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        host = try HostEnvironment.current(dataDirectory: directory.appending("data"), logger: logger)
        backend = BubblewrapBackend(host: host, settings: try BubblewrapSettings())
    }

    func spec(
        workspace: WorkspaceChoice = .private, limits: ResourceLimits = ResourceLimits(), network: NetworkPolicy = .none,
        environment: [String: String] = [:]
    ) -> SandboxSpec {
        SandboxSpec(owner: owner, workspace: workspace, environment: environment, limits: limits, network: network)
    }

    func create(_ spec: SandboxSpec) async throws -> any Sandbox { try await backend.create(spec) { _ in } }

    /// A directory of the host, owned by `uid`.
    func folder(_ name: String, owner uid: UInt32 = 0) throws -> FilePath {
        let path = directory.appending(name)
        try HostDirectory.create(path, mode: 0o755, owner: SpawnRequest.User(uid: uid, gid: uid))
        return path
    }

    var isRoot: Bool { host.isRoot }

    /// As a later Sandlot process would have it: nothing shared but the data directory.
    func anotherBackend() throws -> BubblewrapBackend {
        let other = try HostEnvironment.current(dataDirectory: host.dataDirectory, logger: host.logger)
        return BubblewrapBackend(host: other, settings: try BubblewrapSettings())
    }

    func expectProcessesGone(of reference: SandboxReference, _ location: SourceLocation = #_sourceLocation) async throws {
        let locator = try Locator(reference)
        #expect(locator.guest?.isAlive != true, sourceLocation: location)
        #expect(locator.outer?.isAlive != true, sourceLocation: location)
        #expect(try ProcessScan.withArgument(reference.id.rawValue) == [], sourceLocation: location)
        #expect(try ProcessScan.carrying("\(SandboxRemoval.marker)=\(reference.id)") == [], sourceLocation: location)
        for folder in locator.group?.directories ?? [] { #expect(!HostDirectory.exists(folder), sourceLocation: location) }
        if let extra = locator.extraDirectory { #expect(!HostDirectory.exists(extra), sourceLocation: location) }
    }

    func expectNothingLeft(of reference: SandboxReference, _ location: SourceLocation = #_sourceLocation) async throws {
        try await expectProcessesGone(of: reference, location)
        let names = try HostDirectory.names(in: directory.appending("data").appending("sandboxes"))
        #expect(names == [], sourceLocation: location)
        #expect(try await backend.list(owner: owner) == [], sourceLocation: location)
    }
}

/// Where tests make what they need.
var temporaryDirectory: FilePath { FilePath(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") }

/// A value that a closure hands out.
final class Box<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)
    var value: Value? {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}

func withBench(_ body: (Bench) async throws -> Void) async throws {
    let bench = try Bench()
    do {
        try await body(bench)
    } catch {
        for reference in try await bench.backend.list(owner: bench.owner) { try? await bench.backend.remove(reference) }
        try await HostDirectory.remove(bench.directory)
        throw error
    }
    for reference in try await bench.backend.list(owner: bench.owner) { try? await bench.backend.remove(reference) }
    try await HostDirectory.remove(bench.directory)
}

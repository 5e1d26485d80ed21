import CloudBackends
import CompatServers
import SandboxClient
import SandboxCore
import ServedEngine
import SystemPackage

/// A backend that speaks with a server of ours in front of bubblewrap: every promise is kept through the wire too. The server starts with the
/// first question.
final class BackendBehindServer: SandboxBackend {
    typealias Maker = @Sendable (ServedEngine, BackendDescriptor) async throws -> any SandboxBackend

    let descriptor: BackendDescriptor
    private let server: ServerUnderTest

    init(_ descriptor: BackendDescriptor, dataDirectory: FilePath, compatible: [CompatService] = [], make: @escaping Maker) {
        self.descriptor = descriptor
        server = ServerUnderTest(dataDirectory: dataDirectory, compatible: compatible) { try await make($0, descriptor) }
    }

    func probe() async -> BackendAvailability {
        do {
            return try await server.availability()
        } catch {
            return .unavailable(reason: "the server does not start: \(error)", remedy: "look at its error")
        }
    }

    func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        try await server.backend().create(spec, record: record)
    }

    func attach(to reference: SandboxReference) async throws -> any Sandbox { try await server.backend().attach(to: reference) }

    func list(owner: OwnerLabel) async throws -> [SandboxReference] { try await server.backend().list(owner: owner) }

    func remove(_ reference: SandboxReference) async throws { try await server.backend().remove(reference) }

    func stop() async { await server.stop() }
}

/// The backends that are tested through a server of ours.
enum ServedBackends {
    /// The folder of each one's server in the data directory.
    static let folders = ["served"] + CompatService.allCases.map(folder)

    /// `served` is what bubblewrap says of itself here: a limit that cannot be held here is not claimed through the wire either.
    static func all(describedBy served: BackendDescriptor, dataDirectory: FilePath) -> [BackendBehindServer] {
        var remote = served
        remote.id = BackendID(unchecked: "remote")
        let own = BackendBehindServer(remote, dataDirectory: dataDirectory.appending("served")) { server, descriptor in
            let client = try SandlotClient(server.address, token: .file(server.tokenFile), logger: ServedEngine.logger)
            return RemoteBackend(client, serving: server.served.descriptor.id, descriptor: descriptor)
        }
        return [own] + CompatService.allCases.map { cloud($0, dataDirectory) }
    }

    private static func folder(_ service: CompatService) -> String { "served-\(service)" }

    /// The client of a service before our server of it.
    private static func cloud(_ service: CompatService, _ dataDirectory: FilePath) -> BackendBehindServer {
        BackendBehindServer(
            service.description, dataDirectory: dataDirectory.appending(folder(service)), compatible: [service]
        ) { server, _ in
            let key = try await server.key()
            return try service.backend(of: server.address, key: key, host: .underTest, settings: ["max_sandboxes": ["100"]])
        }
    }
}

/// One server and its backend.
actor ServerUnderTest {
    private let dataDirectory: FilePath
    private let compatible: [CompatService]
    private let make: @Sendable (ServedEngine) async throws -> any SandboxBackend
    private var starting: Task<(ServedEngine, any SandboxBackend), any Error>?

    init(
        dataDirectory: FilePath, compatible: [CompatService], make: @escaping @Sendable (ServedEngine) async throws -> any SandboxBackend
    ) {
        self.dataDirectory = dataDirectory
        self.compatible = compatible
        self.make = make
    }

    func backend() async throws -> any SandboxBackend { try await running().1 }

    func availability() async throws -> BackendAvailability {
        let (server, backend) = try await running()
        let here = await server.served.probe()
        return here.isAvailable ? await backend.probe() : here
    }

    func stop() async {
        guard let (server, _) = try? await starting?.value else { return }
        await server.stop()
    }

    private func running() async throws -> (ServedEngine, any SandboxBackend) {
        let task =
            starting
            ?? Task { [dataDirectory, compatible, make] in
                let server = try await ServedEngine.start(dataDirectory: dataDirectory, compatible: compatible)
                return (server, try await make(server))
            }
        starting = task
        return try await task.value
    }
}

extension CloudHost {
    /// With the guest that the tests are run with.
    fileprivate static let underTest = CloudHost(logger: ServedEngine.logger) {
        guard let path = BackendsUnderTest.environment("SANDLOT_GUEST") else {
            throw SandboxError(.unavailable, "SANDLOT_GUEST is not set", remedy: "name the guest's release build")
        }
        return FilePath(path)
    }
}

import SandboxAPI
public import SandboxCore
import SandboxEngine
import SandboxHTTP
import SystemPackage

/// A backend whose sandboxes are sessions of a Sandlot server: what the server's own backend does, over the wire.
///
/// A sandbox is found again by the server's session, which bears the owner label as its agent and the sandbox's id as its name.
public struct RemoteBackend: SandboxBackend {
    public let descriptor: BackendDescriptor
    let client: SandlotClient
    /// The server's backend; nil leaves the choice to the server.
    private let serving: BackendID?

    /// Creates a backend. `descriptor` says what the server's backend does, under this backend's own id.
    public init(_ client: SandlotClient, serving: BackendID?, descriptor: BackendDescriptor) {
        self.client = client
        self.serving = serving
        self.descriptor = descriptor
    }

    /// A backend that does what one of the server's does, as the server describes it, under an id of its own.
    public static func describing(_ backend: BackendID, of client: SandlotClient, as id: BackendID) async throws -> RemoteBackend {
        let told = try await client.backend(backend)
        return RemoteBackend(
            client, serving: backend,
            descriptor: BackendDescriptor(
                id: id, name: "\(told.name) at \(client.endpoint)", summary: told.summary, isolation: told.isolation,
                placement: told.placement, capabilities: told.capabilitySet, onlyByName: told.onlyByName))
    }

    public func probe() async -> BackendAvailability {
        do {
            let health = try await client.health()
            var details = ["server": client.endpoint.description, "version": health.version]
            // Health needs no token: asking for the backend also tells whether anything else is allowed.
            let backends = try await client.backends(refresh: true)
            if let serving {
                guard let served = backends.first(where: { $0.id == serving }) else {
                    return .unavailable(reason: "the server has no backend '\(serving)'", remedy: "choose another one")
                }
                guard served.available else {
                    return .unavailable(
                        reason: served.reason ?? "the server cannot use it", remedy: served.remedy ?? "see the server's doctor")
                }
                details.merge(served.details) { own, _ in own }
            }
            return .available(details: details)
        } catch let error as SandboxError {
            return .unavailable(
                reason: error.message, remedy: error.remedy ?? "see whether the server runs, and whether the token is valid")
        } catch {
            return .unavailable(reason: "\(error)", remedy: "see whether the server runs")
        }
    }

    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        let session = try await client.openSession(try creation(spec))
        do {
            let reference = SandboxReference(
                id: spec.id, backend: descriptor.id, owner: spec.owner, session: spec.session, locator: ["session": session.id])
            try await record(reference)
            return RemoteSandbox(reference, session, try await session.prepare(), backend: descriptor.id)
        } catch {
            // Owned and awaited: nothing may stay behind although this task may be cancelled.
            let closing = Task { try? await session.close(force: true) }
            await closing.value
            throw error
        }
    }

    public func attach(to reference: SandboxReference) async throws -> any Sandbox {
        let session = try await own(reference)
        guard session.sandbox != nil else { throw Self.gone(reference) }
        let remote = client.session(session.id.rawValue)
        do {
            return RemoteSandbox(reference, remote, try await remote.prepare(), backend: descriptor.id)
        } catch let error as SandboxError where error.code == .conflict {
            throw SandboxError(.notFound, Self.gone(reference).message, remedy: Self.gone(reference).remedy, cause: error)
        }
    }

    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        var found: [SandboxReference] = []
        for try await session in client.sessions(agent: owner.rawValue) {
            guard let name = session.name, let id = try? SandboxID(validating: name) else { continue }
            found.append(
                SandboxReference(
                    id: id, backend: descriptor.id, owner: owner, session: nil, locator: ["session": session.id.rawValue]))
        }
        return found
    }

    public func remove(_ reference: SandboxReference) async throws {
        do {
            try await client.session(try await own(reference).id.rawValue).close(force: true)
        } catch let error as SandboxError where error.code == .notFound {}
    }

    /// The server's session of a reference, if it bears its owner and its id.
    private func own(_ reference: SandboxReference) async throws -> SessionBody {
        guard let id = reference.locator["session"] else { throw Self.gone(reference) }
        let session = try await client.session(id).record()
        guard session.agent == reference.owner.rawValue, session.name == reference.id.rawValue, session.closedAt == nil else {
            throw Self.gone(reference)
        }
        return session
    }

    private static func gone(_ reference: SandboxReference) -> SandboxError {
        SandboxError(.notFound, "the server has no sandbox \(reference.id)", remedy: "make another one")
    }

    private func creation(_ spec: SandboxSpec) throws -> SessionCreation {
        var wish = SessionCreation()
        wish.name = spec.id.rawValue
        wish.agent = spec.owner.rawValue
        wish.scope = .session
        wish.sandbox = true
        wish.backend = serving
        wish.image = ImageBody(spec.image)
        wish.workspace = WorkspaceBody(spec.workspace)
        wish.workspacePath = spec.workspacePath.map { WirePath($0) }
        wish.mounts = spec.mounts.map(MountBody.init)
        wish.environment = spec.environment
        wish.limits = spec.limits
        wish.network = spec.network
        wish.hostname = spec.hostname
        wish.prepare = false
        switch spec.home {
        case .ephemeral: wish.home = .ephemeral
        case .directory(let path):
            throw unsupported("the home directory '\(path)': the server keeps homes by itself", "use an ephemeral home")
        }
        guard !spec.endsWithCreator else {
            throw unsupported("a sandbox that ends with this process, which the server cannot see", "end the sandbox yourself")
        }
        return wish
    }

    private func unsupported(_ what: String, _ remedy: String) -> SandboxError {
        SandboxError(.unsupported, "\(descriptor.id) cannot make \(what)", remedy: remedy, backend: descriptor.id)
    }
}

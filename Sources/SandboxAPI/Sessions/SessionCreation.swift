public import SandboxCore
public import SandboxEngine

/// What `POST /v1/sessions` takes. Whatever is left out comes from the server's settings.
public struct SessionCreation: RequestBody, Encodable, Equatable {
    public var name: String?
    public var agent: String?
    public var main: Bool?
    public var scope: SessionScope?
    /// True is always in a sandbox, false never; nil follows the server's mode.
    public var sandbox: Bool?
    public var backend: BackendID?
    public var floor: Isolation?
    public var image: ImageBody?
    /// Packages or `@set`s that the sandbox must have.
    public var packages: [String]?
    /// What becomes of the session when they cannot be installed at run time.
    public var provision: ProvisionPolicy?
    public var workspace: WorkspaceBody?
    /// Where the workspace is seen inside.
    public var workspacePath: WirePath?
    public var home: HomePersistence?
    public var mounts: [MountBody]?
    public var environment: [String: String]?
    public var limits: ResourceLimits?
    public var network: NetworkPolicy?
    public var hostname: String?
    /// A name of the time zone database, such as `Europe/Berlin`.
    public var timeZone: String?
    public var idleTtlMs: Double?
    public var maxLifeMs: Double?
    /// The session ends when this server process does.
    public var endsWithServer: Bool?
    /// What the client wants to find again with the session; no place for secrets.
    public var labels: [String: String]?
    /// False answers before there is a sandbox; the first use or `prepare` makes it.
    public var prepare: Bool?

    /// Creates a wish for everything as the server's settings say.
    public init() {}

    /// Tells an engine's request. `endsWithCreator` means the server here, not the client.
    public init(_ request: SessionRequest, prepare: Bool) {
        name = request.name
        agent = request.agent
        main = request.isMain ? true : nil
        scope = request.scope
        sandbox = request.sandbox
        backend = request.backend
        floor = request.floor
        image = request.image == .backendDefault ? nil : ImageBody(request.image)
        packages = request.packages.isEmpty ? nil : request.packages
        provision = request.provision == .required ? nil : request.provision
        workspace = request.workspace == .private ? nil : WorkspaceBody(request.workspace)
        workspacePath = request.workspacePath.map { WirePath($0) }
        home = request.home
        mounts = request.mounts.isEmpty ? nil : request.mounts.map(MountBody.init)
        environment = request.environment.isEmpty ? nil : request.environment
        limits = request.limits
        network = request.network
        hostname = request.hostname
        timeZone = request.timeZone
        idleTtlMs = request.idleTimeToLive.map(Milliseconds.of)
        maxLifeMs = request.maximumLife.map(Milliseconds.of)
        endsWithServer = request.endsWithCreator ? true : nil
        labels = request.labels.isEmpty ? nil : request.labels
        self.prepare = prepare
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, agent, main, scope, sandbox, backend, floor, image, workspace, home, mounts, environment, limits, network, hostname
        case timeZone, workspacePath, labels, packages, provision
        case idleTtlMs, maxLifeMs, endsWithServer, prepare
    }

    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// True for anything that reaches into the host: directories of it, its files as an image, or no sandbox at all.
    public var reachesIntoHost: Bool {
        if sandbox == false || !(mounts ?? []).isEmpty { return true }
        if let workspace, workspace != .private { return true }
        if case .root = image { return true }
        return floor.map { $0 < .namespace } ?? false
    }

    /// The engine's request.
    public func request() throws -> SessionRequest {
        var request = SessionRequest(
            name: name, agent: agent, isMain: main ?? false, scope: scope, sandbox: sandbox, backend: backend, floor: floor,
            image: image?.choice ?? .backendDefault, workspace: workspace?.choice ?? .private, home: home,
            mounts: (mounts ?? []).map(\.mount), environment: environment ?? [:], limits: limits, network: network,
            idleTimeToLive: try idleTtlMs.map { try Milliseconds.duration($0, "idleTtlMs") },
            maximumLife: try maxLifeMs.map { try Milliseconds.duration($0, "maxLifeMs") }, endsWithCreator: endsWithServer ?? false)
        request.hostname = hostname
        request.timeZone = timeZone
        request.workspacePath = workspacePath?.path
        request.labels = labels ?? [:]
        request.packages = packages ?? []
        request.provision = provision ?? .required
        return request
    }
}

/// What `PATCH /v1/sessions/{session}` takes; what is left out stays.
public struct SessionChange: RequestBody, Encodable, Equatable {
    public var name: String?
    public var sandbox: Bool?
    /// A session that has its sandbox is given another one there, with the same workspace.
    public var backend: BackendID?
    /// Only for a session that has its sandbox, which is given another one.
    public var image: ImageBody?
    /// Moves to another backend or image even while commands run: they are killed.
    public var force: Bool?
    public var limits: ResourceLimits?
    /// 0 is never.
    public var idleTtlMs: Double?
    /// 0 is never.
    public var maxLifeMs: Double?
    /// Replaces the session's environment.
    public var environment: [String: String]?
    /// Sets these labels, and removes those that are null; the others stay.
    public var labels: [String: String?]?

    /// Creates a change of nothing.
    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, sandbox, backend, image, force, limits, idleTtlMs, maxLifeMs, environment, labels
    }

    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The engine's patch.
    public func patch() throws -> SessionPatch {
        func life(_ value: Double?, _ what: String) throws -> SessionPatch.TimeToLive? {
            guard let value else { return nil }
            let duration = try Milliseconds.duration(value, what)
            return duration == .zero ? .never : .after(duration)
        }
        return SessionPatch(
            name: name, sandbox: sandbox, backend: backend, limits: limits, idleTimeToLive: try life(idleTtlMs, "idleTtlMs"),
            maximumLife: try life(maxLifeMs, "maxLifeMs"), environment: environment, labels: labels ?? [:])
    }
}

/// What `POST /v1/sessions/{session}/extend` takes: puts off the end of an idle session to this long from now.
public struct SessionExtension: RequestBody, Encodable, Equatable {
    public var idleTtlMs: Double?
    public var maxLifeMs: Double?

    /// Creates an extension.
    public init(idleTtlMs: Double? = nil, maxLifeMs: Double? = nil) {
        self.idleTtlMs = idleTtlMs
        self.maxLifeMs = maxLifeMs
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case idleTtlMs, maxLifeMs
    }

    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The engine's patch.
    public func patch() throws -> SessionPatch {
        SessionPatch(
            idleTimeToLive: try idleTtlMs.map { .after(try Milliseconds.duration($0, "idleTtlMs")) },
            maximumLife: try maxLifeMs.map { .after(try Milliseconds.duration($0, "maxLifeMs")) })
    }
}

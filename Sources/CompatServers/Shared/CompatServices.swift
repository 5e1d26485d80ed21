public import Logging
public import SandboxCore
public import SandboxEngine

/// Who calls one of the compatible servers.
public struct CompatCaller: Sendable, Equatable {
    /// The access token's id. Sandboxes belong to the token that made them.
    public var token: String
    /// Sees and controls the sandboxes of every token.
    public var isAdministrator: Bool
    /// The only session that the token opens; nil opens all that belong to it.
    public var session: SessionID?

    /// Creates a caller.
    public init(token: String, isAdministrator: Bool, session: SessionID? = nil) {
        self.token = token
        self.isAdministrator = isAdministrator
        self.session = session
    }
}

/// What the compatible servers translate onto.
public struct CompatServices: Sendable {
    public let engine: Engine
    public let choices: CompatChoices
    public let logger: Logger
    /// Tells who presents this key; throws `denied` for nobody.
    let authorize: @Sendable (_ key: String) async throws -> CompatCaller
    /// Makes a key that opens one session only.
    let issue: @Sendable (SessionID) async throws -> String

    /// Composes the services.
    public init(
        engine: Engine, choices: CompatChoices = CompatChoices(), logger: Logger,
        authorize: @escaping @Sendable (_ key: String) async throws -> CompatCaller,
        issue: @escaping @Sendable (SessionID) async throws -> String
    ) {
        self.engine = engine
        self.choices = choices
        self.logger = logger
        self.authorize = authorize
        self.issue = issue
    }
}

/// Which image and backend the services' own names mean here.
public struct CompatChoices: Sendable, Equatable {
    /// Nil: the engine routes.
    public var backend: BackendID?
    /// A service's template, snapshot or image name to an image reference here. Names that are not listed are refused, so that nobody gets
    /// another system than the one that was asked for.
    public var images: [String: String]
    /// Names that mean the backend's default image.
    public var defaultNames: Set<String>

    /// Creates choices.
    public init(
        backend: BackendID? = nil, images: [String: String] = [:],
        defaultNames: Set<String> = ["base", "default", "code-interpreter-v1", "daytonaio/sandbox", "vercel/sandbox/universal:latest"]
    ) {
        self.backend = backend
        self.images = images
        self.defaultNames = defaultNames
    }

    /// The image for a name. Throws `notFound` for a name that means nothing here.
    func image(named name: String?) throws -> ImageChoice {
        guard let name, !name.isEmpty, !defaultNames.contains(name) else { return .backendDefault }
        if let reference = images[name] { return .reference(reference) }
        throw SandboxError(
            .notFound, "there is no template or image '\(name.prefix(100))' here",
            remedy: "map the name to an image in the settings, or use 'base'")
    }
}

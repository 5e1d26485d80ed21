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
    /// Names that mean the default image: what 'default' is mapped to, else the backend's own.
    public var defaultNames: Set<String>
    /// How many sandboxes of each service may live at once, whoever made them.
    public var mostSandboxes: Int

    private static let defaultName = "default"

    /// Creates choices.
    public init(
        backend: BackendID? = nil, images: [String: String] = [:],
        mostSandboxes: Int = 200,
        defaultNames: Set<String> = ["base", "default", "code-interpreter-v1", "daytonaio/sandbox", "vercel/sandbox/universal:latest"]
    ) {
        self.backend = backend
        self.images = images
        self.defaultNames = defaultNames
        self.mostSandboxes = mostSandboxes
    }

    /// The image for a name. Throws `notFound` for a name that means nothing here.
    func image(named name: String?) throws -> ImageChoice {
        let name = name.flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultName
        if let reference = images[name] { return .reference(reference) }
        if defaultNames.contains(name) { return images[Self.defaultName].map { .reference($0) } ?? .backendDefault }
        throw SandboxError(
            .notFound, "there is no template or image '\(name.prefix(100))' here",
            remedy: "map the name with --compat-image, or ask for the default")
    }

    /// For a name that the service takes as an image's own: what it is mapped to, else the image of that name.
    func image(reference name: String) -> ImageChoice { (try? image(named: name)) ?? .reference(name) }
}

/// What an image shall hold, whoever makes it. Equal specifications mean equal images as long as their base does not change.
public struct ImageSpec: Sendable, Codable, Hashable {
    /// What is done to the base.
    public enum Content: Sendable, Codable, Hashable {
        /// Nothing: the base as it is.
        case base
        /// Packages are installed. Names are Debian's, or another distribution's own behind its package manager: `apk:py3-requests`.
        case packages([String])
        /// The text of a Dockerfile, which names its own base and sees no files of the host.
        case dockerfile(String)
    }

    /// The image to start from, by a name that the backend's image store understands; nil is the backend's own. Unused with a Dockerfile.
    public var base: String?
    public var content: Content
    /// Values for the `ARG`s of a Dockerfile. They are no place for secrets: an image's history tells them.
    public var arguments: [String: String]

    /// Creates a specification.
    public init(base: String? = nil, _ content: Content, arguments: [String: String] = [:]) {
        self.base = base
        self.content = content
        self.arguments = arguments
    }
}

/// What a specification comes to at one backend now: nothing is left open, nothing was built.
public struct ImagePlan: Sendable, Codable, Equatable {
    public var backend: BackendID
    public var spec: ImageSpec
    /// What the built image is called at the backend: derived from everything that decides on its content, the base's digest included.
    public var reference: String
    /// The base's name; nil where a Dockerfile names it.
    public var base: String?
    /// The base's digest, by which a changed base is noticed; nil where a Dockerfile names it.
    public var baseDigest: String?
    /// For people: `Debian GNU/Linux 12 (bookworm)`; nil where it is not known.
    public var distribution: String?
    /// As the distribution's package manager calls them, sorted.
    public var packages: [String]
    /// How it is built. Only the backend reads it.
    public var recipe: String

    /// Creates a plan.
    public init(
        backend: BackendID, spec: ImageSpec, reference: String, base: String?, baseDigest: String?, distribution: String?,
        packages: [String], recipe: String
    ) {
        self.backend = backend
        self.spec = spec
        self.reference = reference
        self.base = base
        self.baseDigest = baseDigest
        self.distribution = distribution
        self.packages = packages
        self.recipe = recipe
    }
}

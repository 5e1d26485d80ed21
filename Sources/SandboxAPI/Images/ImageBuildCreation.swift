public import SandboxCore
public import SandboxEngine

/// What `POST /v1/images/builds` takes: exactly one of `image`, `packages` and `dockerfile`.
public struct ImageBuildCreation: RequestBody, Encodable, Equatable {
    /// How the answer comes.
    public enum Mode: String, Sendable, Codable, CaseIterable {
        /// At once; the build goes on.
        case background
        /// When it is over.
        case wait
        /// Its log as it comes; the build goes on when the reader goes.
        case stream
    }

    /// What can be built by name: `@core`, `@core,jq`, `@mine`.
    public var image: String?
    /// Package sets and packages, by their Debian names.
    public var packages: [String]?
    /// The image to start from; the backend's own where it is left out. Not with a Dockerfile.
    public var base: String?
    public var dockerfile: String?
    /// For the `ARG`s of a Dockerfile; no place for secrets.
    public var arguments: [String: String]?
    public var backend: BackendID?
    /// Saves what is built under this name.
    public var name: String?
    /// Fetches the base although it is there.
    public var pull: Bool?
    /// Builds although the image is there.
    public var rebuild: Bool?
    /// False uses nothing of earlier builds.
    public var cache: Bool?
    /// `background` where it is left out.
    public var mode: Mode?

    /// Creates a wish for an image of packages.
    public init(packages: [String]? = nil, base: String? = nil) {
        self.packages = packages
        self.base = base
    }

    /// Creates a wish for what can be built by name.
    public init(image: String) { self.image = image }

    /// Creates a wish for the image of a Dockerfile.
    public init(dockerfile: String, arguments: [String: String]? = nil) {
        self.dockerfile = dockerfile
        self.arguments = arguments
    }

    /// How it is built.
    public var options: ImageBuildOptions {
        ImageBuildOptions(refreshesBase: pull ?? false, rebuilds: rebuild ?? (cache == false), usesCache: cache ?? true)
    }

    /// What is built. Throws `invalidArgument` for a wish that makes no sense, `notFound` for a name that is not saved.
    public func spec(_ images: EngineImages) async throws -> ImageSpec {
        func refusal(_ message: String, _ remedy: String) -> SandboxError { SandboxError(.invalidArgument, message, remedy: remedy) }
        guard arguments == nil || dockerfile != nil else { throw refusal("'arguments' are for a Dockerfile", "leave them out") }
        switch (image, packages, dockerfile) {
        case (let image?, nil, nil):
            guard var spec = try await images.spec(of: image) else {
                throw refusal("'\(image.prefix(80))' is a reference, which is not built", "name what is built, such as @core")
            }
            if let base { spec.base = base }
            return spec
        case (nil, let packages?, nil):
            guard !packages.isEmpty else { throw refusal("there are no packages", "name one, or a set such as core") }
            return images.spec(packages: packages, base: base)
        case (nil, nil, let dockerfile?):
            guard base == nil else { throw refusal("a Dockerfile names its own base", "leave 'base' out") }
            return ImageSpec(.dockerfile(dockerfile), arguments: arguments ?? [:])
        default: throw refusal("exactly one of 'image', 'packages' and 'dockerfile' is needed", "give one of them")
        }
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case image, packages, base, dockerfile, arguments, backend, name, pull, rebuild, cache, mode
    }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

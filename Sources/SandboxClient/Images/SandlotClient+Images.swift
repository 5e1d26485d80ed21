public import SandboxAPI
public import SandboxCore
public import SandboxEngine
import SandboxHTTP

extension SandlotClient {
    /// The images that Sandlot built there, saved names, defaults and package sets; with `usage` also what the image stores take.
    public func images(on backend: BackendID? = nil, usage: Bool = false) async throws -> ImageListBody {
        var call = APICall(.listImages, wait: .work)
        call.add("backend", backend)
        if usage { call.add("usage", true) }
        return try await send(call)
    }

    /// One image by its name; a name such as `@core` also tells what it comes to now. Throws `notFound`.
    public func image(_ image: String, on backend: BackendID? = nil) async throws -> ImageDetailsBody {
        try await send(Self.call(.showImage, image, backend))
    }

    /// The log of an image's last build. Throws `notFound`.
    public func imageLog(_ image: String, on backend: BackendID) async throws -> SandboxStream<[UInt8]> {
        try await download(Self.call(.imageLog, image, backend)).body
    }

    /// Begins a build, which goes on by itself; its log and its end are its events. The mode of the wish counts as `background`.
    public func build(_ wish: ImageBuildCreation) async throws -> ImageBuildBody {
        var wish = wish
        wish.mode = .background
        var call = APICall(.startBuild)
        try call.send(wish)
        return try await send(call)
    }

    /// The builds that the server was asked for and still knows, oldest first.
    public func builds() async throws -> [ImageBuildBody] { try await send(APICall(.listBuilds), as: ImageBuildListBody.self).builds }

    /// One build. Throws `notFound`.
    public func build(_ id: ImageBuildID) async throws -> ImageBuildBody { try await send(APICall(.getBuild, ["build": id.rawValue])) }

    /// A build's log behind a line, then its end, across broken connections. A server that ends takes its builds with it: then it throws.
    public func buildEvents(_ id: ImageBuildID, after line: Int = 0) -> SandboxStream<ImageBuildEvent> {
        let follower = LineFollower<ImageBuildEvent, ImageBuildEvent>(
            self, from: Int64(line), endsItself: false,
            call: { place in
                var call = APICall(.buildEvents, ["build": id.rawValue])
                call.add("after", place)
                return call
            },
            step: { event in
                switch event {
                case .log(let number, _): .element(event, place: Int64(number))
                case .skipped: .element(event, place: nil)
                case .ended: .last(event)
                case .other(let other): .other(other)
                }
            })
        return SandboxStream { try await follower.next() }
    }

    /// Cancels a build; nothing when it is over. Throws `notFound`.
    public func cancelBuild(_ id: ImageBuildID) async throws { _ = try await send(APICall(.cancelBuild, ["build": id.rawValue])) }

    /// Removes a built image, from every backend that has it where none is named; `@NAME` forgets a saved name. Returns from which.
    @discardableResult
    public func removeImage(_ image: String, on backend: BackendID? = nil) async throws -> [BackendID] {
        try await send(Self.call(.removeImage, image, backend), as: ImageRemovalBody.self).removedFrom
    }

    /// Removes built images that are old or unused.
    public func pruneImages(_ wish: ImagePruneWish = ImagePruneWish()) async throws -> ImagePruningBody {
        var call = APICall(.pruneImages, wait: .work)
        try call.send(wish)
        return try await send(call)
    }

    /// Which packages a base has, and which it could have.
    public func checkPackages(_ check: PackageCheck) async throws -> PackageReport {
        var call = APICall(.checkPackages, wait: .work)
        try call.send(check)
        return try await send(call)
    }

    /// Chooses the image of new sandboxes; nil leaves it to the settings again. Returns what counts now.
    @discardableResult
    public func setDefaultImage(_ image: String?, on backend: BackendID? = nil) async throws -> [ImageDefaultBody] {
        var call = APICall(.setDefaultImage)
        try call.send(ImageDefaultChange(image: image, backend: backend))
        return try await send(call, as: ImageDefaultsBody.self).defaults
    }

    private static func call(_ route: APIRoute, _ image: String, _ backend: BackendID?) -> APICall {
        var call = APICall(route, wait: .work)
        call.add("image", image)
        call.add("backend", backend)
        return call
    }
}

public import Hummingbird
import SandboxCore

/// What the server knows about one request.
public struct ServerContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Who asks; nil where no token was needed.
    public var grant: AccessGrant?
    /// The token itself, for the one route that ends it.
    var presented: String?
    /// Names the request in answers and in the log.
    public let requestID: String
    /// The other end's address, without its port; nil where it has none.
    public let peer: String?

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = "req-" + ExecID.random().rawValue.dropFirst(4)
        peer = source.channel.remoteAddress?.ipAddress
    }

    /// The grant. Throws `denied` where there is none.
    public func granted() throws -> AccessGrant {
        guard let grant else { throw SandboxError(.denied, "this needs an access token", remedy: "send 'Authorization: Bearer TOKEN'") }
        return grant
    }
}

import HTTPTypes
import Hummingbird

/// Calls of a service that have no counterpart here.
enum UnservedCall {
    /// What to say about a request that no route took; nil for every other failure.
    static func reason(_ request: Request, _ error: any Error) -> String? {
        guard let error = error as? HTTPError, error.status == .notFound || error.status == .methodNotAllowed else { return nil }
        return "\(request.method.rawValue) \(request.uri.path.prefix(200)) is not served by this server"
    }
}

import HTTPTypes
import Hummingbird

extension HTTPFields {
    /// What the scheme Bearer presents.
    var bearerToken: String? {
        guard let text = self[.authorization], text.lowercased().hasPrefix("bearer ") else { return nil }
        return String(text.dropFirst("bearer ".count))
    }
}

extension Request {
    /// What the scheme Bearer presents.
    var bearerToken: String? { headers.bearerToken }
}

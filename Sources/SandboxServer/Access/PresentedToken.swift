import SandboxCore

/// A token as a request presents it: by program in a header, by browser in a cookie.
struct PresentedToken: Sendable {
    /// What browsers keep; the prefix makes them refuse it from any other host or path.
    static let cookie = "sandlot_session"

    var text: String
    /// A browser sends cookies by itself, whoever made it send the request.
    var isCookie: Bool

    /// Nil where nothing was presented.
    init?(authorization: String?, cookies: [String]) {
        if let authorization {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            (text, isCookie) = (String(parts[1].drop { $0 == " " }), false)
            return
        }
        for pair in cookies.joined(separator: ";").split(separator: ";") {
            let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == Self.cookie {
                (text, isCookie) = (String(parts[1]), true)
                return
            }
        }
        return nil
    }
}

import Foundation
import SandboxCore
import SandboxHTTP

/// An answer that is no success.
struct CloudRefusal: Sendable {
    static let largestBody = 64 << 10

    let status: Int
    /// In the service's words, printable and short; empty when it said nothing.
    let message: String
    /// The service's own word for it.
    let code: String
    /// What the service asks to wait.
    let retryAfter: Duration?

    /// Nil for a success.
    init?(_ answer: HTTPAnswer) {
        guard !answer.isSuccess else { return nil }
        status = answer.status
        retryAfter = Self.seconds(answer.headers["Retry-After"])
        var said: [String: Any] = [:]
        if let body = try? JSONSerialization.jsonObject(with: Data(answer.body.prefix(Self.largestBody))) as? [String: Any] {
            said = body["error"] as? [String: Any] ?? body
        }
        let words = said["message"] as? String ?? said["error"] as? String ?? ""
        message = String(words.prefix(300).map { $0.isASCII && $0.asciiValue.map { $0 >= 0x20 && $0 < 0x7F } == true ? $0 : "?" })
        code = (said["code"] as? String ?? said["error_code"] as? String ?? "").prefix(80).description
    }

    /// True when the service says that it did not do it, so that it may be asked again.
    var didNothing: Bool { status == 429 }
    /// True when the same call may succeed later.
    var mayPass: Bool { status == 429 || status == 408 || status == 425 || (500...504).contains(status) && status != 501 }

    func error(doing what: String, backend: BackendID) -> SandboxError {
        let words = message.isEmpty ? "" : ": \(message)"
        let text = "\(what): the service answered \(status)\(words)"
        func make(_ code: SandboxError.Code, _ remedy: String) -> SandboxError {
            SandboxError(code, text, remedy: remedy, backend: backend)
        }
        switch status {
        case 401, 403: return make(.denied, "check the setting backends.\(backend).api_key and what that key may do")
        case 402: return make(.denied, "see the account at the service")
        case 404, 410: return make(.notFound, "create a new sandbox")
        case 408, 504: return make(.timeout, "try again; see the service's status page")
        case 409: return make(.conflict, "try again")
        case 429:
            let wait = retryAfter.map { "wait \($0.components.seconds) seconds" } ?? "wait a little"
            return make(.limitExceeded, "\(wait), use fewer sandboxes at once, or raise the account's limits")
        case 501: return make(.unsupported, "see what the service offers")
        case 500...: return make(.unavailable, "try again; see the service's status page")
        case 300..<400: return make(.protocolViolation, "check the address in the settings of backends.\(backend)")
        default: return make(.invalidArgument, "see what the service says")
        }
    }

    /// Whole seconds or a date.
    private static func seconds(_ text: String?) -> Duration? {
        guard let text else { return nil }
        if let seconds = Int64(text.filter { $0 != " " }) { return .seconds(min(max(seconds, 0), 86_400)) }
        let reader = DateFormatter()
        reader.locale = Locale(identifier: "en_US_POSIX")
        reader.timeZone = TimeZone(secondsFromGMT: 0)
        reader.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return reader.date(from: text).map { .milliseconds(Int64(min(max($0.timeIntervalSinceNow, 0), 86_400) * 1000)) }
    }
}

extension SandboxError {
    private static let credentials: Set<String> = ["authorization", "x-api-key", "x-access-token"]

    /// The same of this backend, and without the keys in these headers: a service may repeat in its answer what it was sent.
    func without(_ headers: [(name: String, value: String)], _ backend: BackendID) -> SandboxError {
        let secrets = headers.filter { Self.credentials.contains($0.name.lowercased()) }.compactMap { $0.value.split(separator: " ").last }
        // Byte by byte: an accent behind it must not make a secret another word.
        let bytes = secrets.reduce(Array(message.utf8)) { $0.replacing($1.utf8, with: "‹secret›".utf8) }
        let text = String(decoding: bytes, as: UTF8.self)
        return SandboxError(code, text, remedy: remedy, backend: backend, cause: cause)
    }
}

/// The one error type of Sandlot: what kind, what was tried on what, and what to do next.
///
/// Decide on `code`, never on `message`.
public struct SandboxError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure. A struct over a private enumeration, so that a new code breaks no caller's `switch`.
    public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
        /// The stable word, as it appears in JSON.
        public let rawValue: String

        private init(_ rawValue: String) { self.rawValue = rawValue }

        /// The request makes no sense as it stands.
        public static let invalidArgument = Code("invalid_argument")
        /// What was named does not exist.
        public static let notFound = Code("not_found")
        /// The name is taken.
        public static let alreadyExists = Code("already_exists")
        /// The backend, engine or service is not usable now.
        public static let unavailable = Code("unavailable")
        /// This backend cannot do it, or cannot enforce it.
        public static let unsupported = Code("unsupported")
        /// Permission refused.
        public static let denied = Code("denied")
        /// A deadline passed.
        public static let timeout = Code("timeout")
        /// The caller cancelled.
        public static let cancelled = Code("cancelled")
        /// A cap was reached.
        public static let limitExceeded = Code("limit_exceeded")
        /// The state does not allow it now, or somebody else changed it.
        public static let conflict = Code("conflict")
        /// The peer (guest, engine, cloud) broke its protocol.
        public static let protocolViolation = Code("protocol_violation")
        /// A fault of Sandlot.
        public static let internalError = Code("internal")

        /// Every code.
        public static let all: [Code] = [
            .invalidArgument, .notFound, .alreadyExists, .unavailable, .unsupported, .denied, .timeout, .cancelled, .limitExceeded,
            .conflict, .protocolViolation, .internalError,
        ]

        /// The stable word.
        public var description: String { rawValue }

        /// Reads a code's word; an unknown word fails.
        public init(from decoder: any Decoder) throws {
            let word = try decoder.singleValueContainer().decode(String.self)
            guard let known = Code.all.first(where: { $0.rawValue == word }) else {
                throw SandboxError(.invalidArgument, "unknown error code '\(word)'")
            }
            self = known
        }

        /// Writes the code's word.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(rawValue)
        }
    }

    /// The kind of failure.
    public let code: Code
    /// What was tried on what, in a sentence without a final full stop. Holds no secret.
    public let message: String
    /// What the reader can do about it.
    public let remedy: String?
    /// The backend that failed, when one did.
    public let backend: BackendID?
    /// The failure beneath.
    public let cause: (any Error)?

    /// Creates an error.
    public init(_ code: Code, _ message: String, remedy: String? = nil, backend: BackendID? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.backend = backend
        self.cause = cause
    }

    /// Message, backend, remedy and cause in one line.
    public var description: String {
        var text = message
        if let backend { text = "\(backend): \(text)" }
        if let cause { text += " (\(cause))" }
        if let remedy { text += "; \(remedy)" }
        return text
    }
}

/// Exit statuses that a front end uses for what is not a command's own status; the words are Docker's and the shells'.
public enum ExitStatus {
    /// Sandlot itself failed.
    public static let sandlotFailed: Int32 = 125
    /// The command was found but could not be executed.
    public static let notExecutable: Int32 = 126
    /// The command was not found.
    public static let notFound: Int32 = 127
    /// The command was killed by its time limit (as `timeout(1)` says it).
    public static let timedOut: Int32 = 124
    /// Added to a signal's number.
    public static let signalBase: Int32 = 128
}

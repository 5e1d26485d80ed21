/// Why the guest refused or failed a request.
public struct GuestFailure: Error, Equatable, Sendable {
    /// The kinds that a host decides on.
    public enum Code: UInt8, CaseIterable, Sendable {
        case invalidArgument = 1
        case notFound = 2
        case alreadyExists = 3
        case denied = 4
        case isDirectory = 5
        case notDirectory = 6
        case notEmpty = 7
        case limitExceeded = 8
        case unsupported = 9
        /// The program of an exec does not exist (shells say 127).
        case commandNotFound = 10
        /// The program of an exec exists but cannot be executed (shells say 126).
        case commandNotExecutable = 11
        case noSpace = 12
        case internalError = 13
        /// Another host took over the stream.
        case superseded = 14
    }

    public var code: Code
    /// The kernel's number, or 0.
    public var errno: Int32
    /// What was tried.
    public var message: String
    /// On which path, when there is one.
    public var path: [UInt8]

    /// Creates a failure.
    public init(_ code: Code, errno: Int32 = 0, message: String, path: [UInt8] = []) {
        self.code = code
        self.errno = errno
        self.message = message
        self.path = path
    }
}

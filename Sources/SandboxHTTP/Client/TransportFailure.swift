import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import SandboxCore

/// Says in our words why no whole answer came.
enum TransportFailure {
    static func error(_ error: any Error, doing what: String, endpoint: HTTPEndpoint) -> any Error {
        switch error {
        case is SandboxError, is CancellationError: return error
        case let error as IOError: return system(error.errnoCode, what, endpoint, error)
        case let error as NIOConnectionError:
            let number = error.connectionErrors.lazy.compactMap { ($0.error as? IOError)?.errnoCode }.first
            return system(number ?? ECONNREFUSED, what, endpoint, error)
        case HTTPParserError.invalidEOFState:
            return SandboxError(.unavailable, "\(what): the connection broke", remedy: "see whether the service runs", cause: error)
        case let error as HTTPParserError:
            return SandboxError(.protocolViolation, "\(what): the answer is not HTTP", remedy: "check the address", cause: error)
        case let error as HTTPClientError:
            let isDeadline =
                error == .deadlineExceeded || error == .connectTimeout || error == .readTimeout || error == .writeTimeout
                || error == .getConnectionFromPoolTimeout
            return SandboxError(
                isDeadline ? .timeout : .unavailable, "\(what): \(isDeadline ? "no answer in time" : "the connection broke")",
                remedy: "see whether the service runs", cause: error)
        default: return SandboxError(.unavailable, "\(what): no answer", remedy: "see whether the service runs", cause: error)
        }
    }

    private static func system(_ number: Int32, _ what: String, _ endpoint: HTTPEndpoint, _ cause: any Error) -> SandboxError {
        switch number {
        case EACCES, EPERM:
            return SandboxError(
                .denied, "\(what): this user may not use \(endpoint)", remedy: "give the user access to the socket", cause: cause)
        case ENOENT:
            return SandboxError(.unavailable, "\(what): there is nothing at \(endpoint)", remedy: "start the service", cause: cause)
        case ECONNREFUSED:
            return SandboxError(.unavailable, "\(what): nobody listens at \(endpoint)", remedy: "start the service", cause: cause)
        default: return SandboxError(.unavailable, "\(what): the connection broke", remedy: "see whether the service runs", cause: cause)
        }
    }
}

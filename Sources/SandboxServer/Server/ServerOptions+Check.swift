import NIOCore
import SandboxCore

extension ServerOptions {
    /// Throws `invalidArgument` for an address that other machines reach, unless TLS protects the tokens or clear text was asked for.
    func check() throws {
        guard tls == nil, !allowsClearText, !Self.isLoopback(host) else { return }
        throw SandboxError(
            .invalidArgument, "'\(host)' can be reached from other machines, and tokens would cross the network in the clear",
            remedy: "give --tls-certificate and --tls-key, listen on 127.0.0.1, or say --insecure")
    }

    /// Only addresses: what a name stands for may change.
    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
        return switch address {
        case .v4: host.hasPrefix("127.")
        case .v6: host == "::1"
        default: false
        }
    }
}

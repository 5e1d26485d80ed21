import NIOSSL
import SandboxCore
import SystemPackage

extension ServerOptions.TLS {
    /// Throws `invalidArgument` for files that are not there or not of a certificate and its key.
    func configuration() throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate.string).map { NIOSSLCertificateSource.certificate($0) }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: key.string, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return configuration
        } catch {
            throw SandboxError(
                .invalidArgument, "the certificate \(certificate) and the key \(key) cannot be used",
                remedy: "give a PEM chain and its unencrypted PEM key", cause: error)
        }
    }
}

import NIOSSL
import SandboxCore
import SystemPackage

extension TransportSecurity {
    /// Reads the files. Throws `invalidArgument` that names the file which cannot be used.
    func configuration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let authority {
            let certificates = try Self.reading(authority, "the authority") { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(certificates)
        }
        if !verifies { configuration.certificateVerification = .none }
        switch (certificate, key) {
        case (nil, nil): break
        case (let certificate?, let key?):
            let chain = try Self.reading(certificate, "the client's certificate") { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try Self.reading(key, "the client's key") { try NIOSSLPrivateKey(file: $0, format: .pem) })
        default: throw SandboxError(.invalidArgument, "a client needs both a certificate and its key", remedy: "name both files")
        }
        return configuration
    }

    private static func reading<R>(_ path: FilePath, _ what: String, _ body: (String) throws -> R) throws -> R {
        do {
            return try body(path.string)
        } catch {
            throw SandboxError(.invalidArgument, "\(what) \(path) cannot be read", remedy: "name a PEM file", cause: error)
        }
    }
}

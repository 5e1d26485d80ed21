// The engine's own names, so that no table of keys is needed.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Glibc
import SandboxCore
import SandboxHTTP
import SandboxProcess
import SystemPackage

/// Finds out where an engine is. The first source that says anything is believed: a wrong address is an error, never a reason to try the next.
struct EngineAddress {
    let dialect: EngineDialect
    let settings: ContainerSettings
    let environment: HostFacts

    /// Nil when nothing names an engine and none is in a usual place. What only lies in a usual place was named by nobody.
    func resolve() throws -> (endpoint: HTTPEndpoint, isNamed: Bool)? {
        if let named = try named() { return (named, true) }
        guard let found = candidates.first(where: { access($0.string, F_OK) == 0 }) else { return nil }
        return (.unixSocket(found), false)
    }

    private func named() throws -> HTTPEndpoint? {
        if let host = settings.host { return try endpoint(host) }
        if settings.context != nil {
            guard dialect.hasContexts else {
                throw SandboxError(
                    .invalidArgument, "\(dialect.name) has no contexts", remedy: "use the setting host", backend: dialect.id)
            }
            // What the settings name goes before the environment, as a flag does for the engine's own command.
            if let found = try context() { return found }
        }
        for name in dialect.addressVariables {
            if let value = environment.variables[name], !value.isEmpty { return try endpoint(value) }
        }
        return dialect.hasContexts && settings.context == nil ? try context() : nil
    }

    /// What is to be said when there is none.
    var nothingListens: SandboxError {
        SandboxError(
            .unavailable, "no \(dialect.name) listens at \(candidates.map(\.string).joined(separator: " or "))",
            remedy: "\(dialect.install), \(dialect.start), or name its address by the setting host", backend: dialect.id)
    }

    private var candidates: [FilePath] {
        var runtime = environment.variables["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
        // Where a login session would have it; services and cron jobs do not get the variable.
        if runtime == nil, !environment.isRoot { runtime = FilePath("/run/user").appending("\(environment.user.uid)") }
        let own = runtime.map { runtime in dialect.runtimeSockets.map { runtime.appending($0.components) } } ?? []
        return environment.isRoot ? dialect.systemSockets + own : own + dialect.systemSockets
    }

    private func endpoint(_ text: String) throws -> HTTPEndpoint {
        var security: TransportSecurity?
        let asked = environment.variables["DOCKER_TLS_VERIFY"].map { !$0.isEmpty } ?? false
        if dialect.hasContexts, asked || environment.variables["DOCKER_CERT_PATH"] != nil {
            let folder = environment.variables["DOCKER_CERT_PATH"].map { FilePath($0) } ?? environment.home.appending(".docker")
            security = TransportSecurity(
                authority: folder.appending("ca.pem"), certificate: folder.appending("cert.pem"), key: folder.appending("key.pem"),
                verifies: asked)
        }
        return try HTTPEndpoint(parsing: text, security: security, defaultPort: security == nil ? 2375 : 2376)
    }

    /// The engine's own notion of a current address: a file per context, named by the digest of the context's name.
    private func context() throws -> HTTPEndpoint? {
        struct Choice: Decodable { var currentContext: String? }
        struct Context: Decodable {
            struct Endpoint: Decodable {
                var Host: String?
                var SkipTLSVerify: Bool?
            }
            var Endpoints: [String: Endpoint]?
        }
        let folder = environment.variables["DOCKER_CONFIG"].map { FilePath($0) } ?? environment.home.appending(".docker")
        var name = settings.context ?? environment.variables["DOCKER_CONTEXT"]
        if name == nil, let bytes = try HostDirectory.contents(folder.appending("config.json"), limit: 1 << 20) {
            name = (try? JSONDecoder().decode(Choice.self, from: Data(bytes)))?.currentContext
        }
        guard let name, !name.isEmpty, name != "default" else { return nil }
        let digest = Digest.hex(Array(name.utf8))
        let meta = folder.appending("contexts").appending("meta").appending(digest).appending("meta.json")
        guard let bytes = try HostDirectory.contents(meta, limit: 1 << 20),
            let context = try? JSONDecoder().decode(Context.self, from: Data(bytes)), let endpoint = context.Endpoints?["docker"],
            let host = endpoint.Host
        else {
            throw SandboxError(
                .invalidArgument, "the Docker context '\(name)' has no address", remedy: "see docker context ls, or set the setting host",
                backend: dialect.id)
        }
        let keys = folder.appending("contexts").appending("tls").appending(digest).appending("docker")
        var security: TransportSecurity?
        if HostDirectory.exists(keys) {
            security = TransportSecurity(verifies: endpoint.SkipTLSVerify != true)
            if HostDirectory.exists(keys.appending("ca.pem")) { security?.authority = keys.appending("ca.pem") }
            if HostDirectory.exists(keys.appending("cert.pem")) {
                security?.certificate = keys.appending("cert.pem")
                security?.key = keys.appending("key.pem")
            }
        }
        return try HTTPEndpoint(parsing: host, security: security)
    }
}

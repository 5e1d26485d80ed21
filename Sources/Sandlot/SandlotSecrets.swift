import SandboxCore
public import SandboxSecrets
public import SandboxSettings
import SandboxStore
import SystemPackage

/// The sealed store of this machine's settings, and the values that settings refer to.
public struct SandlotSecrets: Sendable {
    public let store: SealedSecretStore
    private let programs: HostPrograms
    private let environment: [String: String]

    /// Longer than anybody takes to answer a password manager.
    private static let deadline: Duration = .seconds(60)

    init(_ general: GeneralSettings, directory: FilePath, environment: [String: String]) {
        programs = HostPrograms(environment: environment)
        self.environment = environment
        store = SealedSecretStore(
            directory: directory,
            keys: KeySettings(
                command: general.secretsKeyCommand, file: general.secretsKeyFile.map { FilePath($0) },
                usesKeyring: general.secretsUseKeyring),
            programs: programs)
    }

    /// The sealed store alone, for commands that need no sandbox. Makes the data directory where there is none.
    public static func open(_ options: SandlotOptions) throws -> SandlotSecrets {
        let (settings, locations) = try SandlotRuntime.read(options)
        let general = try settings.general()
        let directory = try SandlotRuntime.dataDirectory(options, general, locations)
        try DataDirectory.make(directory)
        return SandlotSecrets(general, directory: directory, environment: options.environment)
    }

    /// The value of a secret setting, looked up now. Throws with the setting's name and where its value should be, never with a value.
    public func value(of reference: SecretReference, for setting: String) async throws -> Secret {
        do {
            return Secret(try await lookUp(reference))
        } catch let error as SandboxError {
            throw SandboxError(
                error.code, "\(setting) refers to \(reference): \(error.message)", remedy: error.remedy, cause: error.cause)
        }
    }

    private func lookUp(_ reference: SecretReference) async throws -> String {
        switch reference {
        case .plain(let secret): return secret.reveal()
        case .sealed(let name): return try await store.value(try SecretName(validating: name))
        case .variable(let name):
            guard let value = environment[name], !value.isEmpty else {
                throw SandboxError(.notFound, "the variable is not set", remedy: "set \(name) where Sandlot is started")
            }
            return value
        case .file(let path): return try SecretFile.read(try absolute(path))
        case .command(let words):
            return try await SecretCommand(programs: programs, deadline: Self.deadline).run(words, for: "the secret")
        }
    }

    private func absolute(_ path: String) throws -> FilePath {
        guard path.hasPrefix("~/") else { return FilePath(path) }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw SandboxError(.invalidArgument, "HOME is not set", remedy: "write the whole path")
        }
        return FilePath(home).appending(String(path.dropFirst(2)))
    }
}

import SandboxCore
import SystemPackage
import Synchronization

/// Finds, makes and forgets keys in all the places where one can be.
final class KeyProvider: Sendable {
    private let directory: FilePath
    private let settings: KeySettings
    private let programs: HostPrograms
    /// Asking a keyring or a command costs a process, and perhaps the user's attention.
    private let known = Mutex<[String: SealingKey]>([:])

    init(directory: FilePath, settings: KeySettings, programs: HostPrograms) {
        self.directory = directory
        self.settings = settings
        self.programs = programs
    }

    /// Where a new key would be kept. A keyring that turns out not to answer is passed over when it comes to it.
    var preferred: KeySource {
        if settings.command != nil { return .command }
        if settings.file != nil { return .file }
        return keyring == nil ? .keyFile : .keyring
    }

    /// A key to seal a new version with, kept where the order says. Nothing is lost when the version is not written after all.
    func make() async throws -> (key: SealingKey, source: KeySource) {
        switch preferred {
        case .command: return (remember(try await fromCommand()), .command)
        case .file: return (remember(try fromFile()), .file)
        case .keyring, .keyFile:
            let (key, material) = SealingKey.fresh()
            if let keyring, (try? await keyring.keep(material, id: key.id)) != nil { return (remember(key), .keyring) }
            try PrivateFile.write(material + "\n", to: keyFile(key.id))
            return (remember(key), .keyFile)
        }
    }

    /// The key that a version was sealed with. Throws `unavailable` when it is not where it was.
    func find(_ id: String, in source: KeySource) async throws -> SealingKey {
        if let key = known.withLock({ $0[id] }) { return key }
        let key =
            switch source {
            case .command: try await fromCommand()
            case .file: try fromFile()
            case .keyring: try await fromKeyring(id)
            case .keyFile: try fromKeyFile(id)
            }
        guard key.id == id else {
            throw SandboxError(
                .unavailable, "\(source.words) holds another key than the one that sealed the secrets",
                remedy: "give the old key back, or move \(directory.appending("secrets.sealed")) away and set the secrets again")
        }
        return remember(key)
    }

    /// Removes a key that nothing is sealed with any more; those that somebody else provides stay.
    func forget(_ id: String, in source: KeySource) async {
        known.withLock { $0[id] = nil }
        switch source {
        case .command, .file: break
        case .keyring: await keyring?.forget(id)
        case .keyFile: PrivateFile.remove(keyFile(id))
        }
    }

    private var keyring: Keyring? { settings.usesKeyring ? Keyring(programs: programs) : nil }

    private func keyFile(_ id: String) -> FilePath { directory.appending("secrets-\(id).key") }

    private func remember(_ key: SealingKey) -> SealingKey {
        known.withLock { $0[key.id] = key }
        return key
    }

    private func fromCommand() async throws -> SealingKey {
        guard let command = settings.command else { throw missing(.command, "set secrets.key_command to the command that prints it") }
        let text = try await SecretCommand(programs: programs).run(command, for: "the key")
        return try SealingKey(material: text, from: KeySource.command.words)
    }

    private func fromFile() throws -> SealingKey {
        guard let file = settings.file else { throw missing(.file, "set secrets.key_file to the file that holds it") }
        return try SealingKey(material: try SecretFile.read(file, mustBePrivate: true), from: "\(file)")
    }

    private func fromKeyring(_ id: String) async throws -> SealingKey {
        guard let keyring else {
            throw missing(.keyring, "run this in the desktop session whose keyring has it, or set secrets.keyring to true")
        }
        guard let material = try await keyring.find(id) else { throw missing(.keyring, "unlock the keyring") }
        return try SealingKey(material: material, from: KeySource.keyring.words)
    }

    private func fromKeyFile(_ id: String) throws -> SealingKey {
        let file = keyFile(id)
        guard PrivateFile.exists(file) else { throw missing(.keyFile, "restore \(file)") }
        return try SealingKey(material: try SecretFile.read(file, mustBePrivate: true), from: "\(file)")
    }

    private func missing(_ source: KeySource, _ remedy: String) -> SandboxError {
        SandboxError(
            .unavailable, "the secrets were sealed with a key from \(source.words), which is not there",
            remedy: remedy + "; or move \(directory.appending("secrets.sealed")) away and set the secrets again")
    }
}

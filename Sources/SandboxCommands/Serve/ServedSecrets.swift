import SandboxAPI
import SandboxSecrets
import SandboxServer
import Sandlot

/// The sealed store in the hands of the server: values go in, names come out.
struct ServedSecrets: SecretKeeping {
    let options: SandlotOptions

    func secrets() async throws -> SecretListBody {
        let entries = try await SandlotSecrets.open(options).store.entries()
        return SecretListBody(secrets: entries.map { .init(name: $0.name.rawValue, changedAt: $0.changed) })
    }

    func set(_ name: String, to value: String) async throws {
        try await SandlotSecrets.open(options).store.set(SecretName(validating: name), to: value)
    }

    func remove(_ name: String) async throws {
        try await SandlotSecrets.open(options).store.remove([SecretName(validating: name)])
    }
}

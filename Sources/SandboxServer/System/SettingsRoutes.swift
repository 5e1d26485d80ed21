import Hummingbird
public import SandboxAPI
import SandboxCore

/// Reads and changes the settings of the machine that the server runs on.
public protocol SettingsKeeping: Sendable {
    /// Every setting. Throws `invalidArgument` when the file is not valid.
    func settings() async throws -> SettingListBody
    /// Changes all of them or none, and lets new sessions see it.
    func change(_ change: SettingsChange) async throws -> SettingListBody
}

/// `/v1/settings`.
struct SettingsRoutes: Sendable {
    let keeper: (any SettingsKeeping)?

    func add(to routes: inout ServerRoutes) {
        routes.on(.getSettings) { _, context, _ in
            try context.granted().require(session: nil)
            return try JSONAnswer.response(.ok, try await known().settings())
        }
        routes.on(.changeSettings) { request, context, _ in
            try context.granted().require(session: nil)
            let change = try await request.decoded(SettingsChange.self)
            return try JSONAnswer.response(.ok, try await known().change(change))
        }
    }

    func known() throws -> any SettingsKeeping {
        guard let keeper else {
            throw SandboxError(.unsupported, "this server was started without settings", remedy: "start it with `sandlot serve`")
        }
        return keeper
    }
}

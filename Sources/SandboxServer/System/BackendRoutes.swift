import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/backends`.
struct BackendRoutes: Sendable {
    let desk: SessionDesk
    let settings: (any SettingsKeeping)?

    func add(to routes: inout ServerRoutes) {
        routes.on(.listBackends) { _, context, query in
            try context.granted().require(session: nil)
            let found = await desk.engine.backends(refresh: try query.flag("refresh") ?? false)
            return try JSONAnswer.response(.ok, BackendListBody(backends: found.map(BackendBody.init)))
        }
        routes.on(.getBackend) { _, context, _ in try JSONAnswer.response(.ok, try await backend(context, refresh: false)) }
        routes.on(.backendSettings) { _, context, _ in
            let id = try await backend(context, refresh: false).id
            let all = try await SettingsRoutes(keeper: settings).known().settings().settings
            return try JSONAnswer.response(.ok, SettingListBody(settings: all.filter { $0.name.hasPrefix("backends.\(id).") }))
        }
        routes.on(.probeBackend) { _, context, _ in try JSONAnswer.response(.ok, try await backend(context, refresh: true)) }
    }

    private func backend(_ context: ServerContext, refresh: Bool) async throws -> BackendBody {
        try context.granted().require(session: nil)
        let name = context.parameters.get("backend") ?? ""
        guard let found = await desk.engine.backends(refresh: refresh).first(where: { $0.descriptor.id.rawValue == name }) else {
            throw SandboxError(.notFound, "there is no backend '\(name.prefix(80))'", remedy: "list the backends")
        }
        return BackendBody(found)
    }
}

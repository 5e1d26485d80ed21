public import SandboxAPI
public import SandboxCore
import SandboxHTTP

extension SandlotClient {
    /// That the server answers; needs no token.
    public func health() async throws -> HealthBody { try await send(APICall(.health)) }

    /// What is in use there.
    public func usage() async throws -> UsageBody { try await send(APICall(.usage)) }

    /// What is missing on the server's machine, and how to mend it.
    public func doctor() async throws -> DoctorBody { try await send(APICall(.doctor, wait: .work)) }

    /// Every setting with its value and where that comes from.
    public func settings() async throws -> [SettingBody] { try await send(APICall(.getSettings), as: SettingListBody.self).settings }

    /// Changes settings, all or none; nil removes one from the file. Returns what counts now.
    @discardableResult
    public func changeSettings(_ values: [String: String?]) async throws -> [SettingBody] {
        var call = APICall(.changeSettings)
        try call.send(SettingsChange(set: values))
        return try await send(call, as: SettingListBody.self).settings
    }

    /// What can be chosen there, and whether it works.
    public func backends(refresh: Bool = false) async throws -> [BackendBody] {
        var call = APICall(.listBackends)
        if refresh { call.add("refresh", true) }
        return try await send(call, as: BackendListBody.self).backends
    }

    /// One backend of the server. Throws `notFound`.
    public func backend(_ id: BackendID) async throws -> BackendBody { try await send(APICall(.getBackend, ["backend": id.rawValue])) }

    /// A backend's settings with their values and where those come from.
    public func settings(of backend: BackendID) async throws -> [SettingBody] {
        try await send(APICall(.backendSettings, ["backend": backend.rawValue]), as: SettingListBody.self).settings
    }

    /// Asks a backend anew whether it works there: its connection is tested with the settings as they are.
    public func probe(_ backend: BackendID) async throws -> BackendBody {
        try await send(APICall(.probeBackend, ["backend": backend.rawValue]))
    }
}

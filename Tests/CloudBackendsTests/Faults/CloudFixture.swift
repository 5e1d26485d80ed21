import CloudBackends
import CompatServers
import Foundation
import Logging
import SandboxCore
import SandboxEngine
import ServedEngine
import SystemPackage

/// A server of ours that speaks as E2B does, a proxy before it, and the backend behind that.
struct CloudFixture {
    let server: ServedEngine
    let proxy: FaultProxy
    let key: String
    let backend: CloudBackend
    let owner = OwnerLabel.random()

    /// Runs `body` with a fixture and ends everything afterwards. Throws when a sandbox is left at the service.
    static func with(settings: [String: [String]] = [:], _ body: (CloudFixture) async throws -> Void) async throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("sandlot-cloud-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let server = try await ServedEngine.start(dataDirectory: folder, compatible: [.e2b])
        let proxy = try await FaultProxy.start(before: server.address)
        do {
            let key = try await server.key()
            let address = ["\(proxy.address)/e2b"]
            let own = ["api_url": address, "sandbox_url": address].merging(settings) { $1 }
            let fixture = CloudFixture(
                server: server, proxy: proxy, key: key, backend: try E2BBackend.make(host: host, settings: own) { key })
            try await body(fixture)
            let left = try await fixture.living()
            if !left.isEmpty { throw SandboxError(.internalError, "left at the service: \(left)") }
        } catch {
            await proxy.stop()
            for session in (try? await server.engine.sessions()) ?? [] { try? await server.engine.close(session.id, force: true) }
            await server.stop()
            throw error
        }
        await proxy.stop()
        await server.stop()
    }

    static let host = CloudHost(logger: ServedEngine.logger) {
        guard let path = ProcessInfo.processInfo.environment["SANDLOT_GUEST"] else {
            throw SandboxError(.unavailable, "SANDLOT_GUEST is not set", remedy: "name the guest's release build")
        }
        return FilePath(path)
    }

    /// The sandboxes that live at the service, whoever made them.
    func living() async throws -> [SessionID] {
        try await server.engine.sessions().filter { $0.state != .closed }.map(\.id)
    }

    func make(_ edit: (inout SandboxSpec) -> Void = { _ in }) async throws -> any Sandbox {
        var spec = SandboxSpec(owner: owner)
        edit(&spec)
        return try await backend.create(spec) { _ in }
    }
}

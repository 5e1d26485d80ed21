import CloudBackends
import CompatServers
import Foundation
import SandboxCore
import SandboxEngine
import ServedEngine
import SystemPackage

/// A server of ours that speaks as a service does, a proxy before it, and the backend behind that.
struct CloudFixture {
    let service: CompatService
    let server: ServedEngine
    let proxy: FaultProxy
    let key: String
    let backend: CloudBackend
    let owner = OwnerLabel.random()

    var calls: ServiceCalls { ServiceCalls(service) }

    /// Runs `body` with a fixture and ends everything afterwards. Throws when a sandbox is left at the service.
    static func with(
        _ service: CompatService, settings: [String: [String]] = [:], _ body: (CloudFixture) async throws -> Void
    ) async throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("sandlot-cloud-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let server = try await ServedEngine.start(dataDirectory: folder, compatible: [service])
        let proxy = try await FaultProxy.start(before: server.address)
        do {
            let key = try await server.key()
            let fixture = CloudFixture(
                service: service, server: server, proxy: proxy, key: key,
                backend: try service.backend(of: proxy.address, key: key, host: host, settings: settings))
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

/// The calls of a service that each of our steps is made of.
struct ServiceCalls: Sendable {
    let create: String
    let list: String
    /// The first of a sandbox that was made: the way in.
    let enter: String
    let upload: String
    /// A short command.
    let run: String
    /// What carries a channel's output, and its input.
    let output: String
    let input: String
    /// The status that a sandbox which is gone answers with, by the service's own word.
    let gone: (status: Int, body: String)
    /// How the service says that a fresh sandbox does not run yet; nil where it answers only when it does.
    let starting: (ready: String, notYet: String)?

    init(_ service: CompatService) {
        switch service {
        case .daytona:
            (create, list) = ("POST …/api/sandbox", "GET …/api/sandbox")
            enter = "GET /daytona/api/sandbox/…"
            (upload, run) = ("POST …/files/bulk-upload", "POST …/process/execute")
            (output, input) = ("GET …/logs", "POST …/input")
            gone = (410, #"{"statusCode":410,"message":"gone","code":"GONE"}"#)
            starting = (#""state":"started""#, #""state":"creating""#)
        case .e2b:
            (create, list) = ("POST …/v2/sandboxes", "GET …/v2/sandboxes")
            enter = "POST …/connect"
            (upload, run) = ("POST …/files", "POST …/process.Process/Start")
            (output, input) = ("POST …/process.Process/Start", "POST …/process.Process/SendInput")
            gone = (502, #"{"sandboxId":"x","message":"The sandbox was not found","code":502}"#)
            starting = nil
        case .vercel:
            (create, list) = ("POST …/v3/sandboxes", "GET …/v2/sandboxes")
            enter = "GET /vercel/api/v2/sandboxes/sessions/…"
            (upload, run) = ("POST …/fs/write", "POST …/cmd")
            (output, input) = ("GET …/logs", "POST …/stdin")
            gone = (410, #"{"error":{"code":"sandbox_stopped","message":"gone"}}"#)
            starting = (#""status":"running""#, #""status":"pending""#)
        }
    }
}

/// Whether sandboxes can be made behind a server here.
let canServe: Bool =
    ProcessInfo.processInfo.environment["SANDLOT_GUEST"] != nil && FileManager.default.fileExists(atPath: "/usr/bin/bwrap")

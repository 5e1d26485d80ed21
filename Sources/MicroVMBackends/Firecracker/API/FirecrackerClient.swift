import Foundation
import Glibc
import Logging
import SandboxCore
import SandboxHTTP
import SandboxProcess
import SystemPackage

/// Orders to one Firecracker process, over the unix socket of its API. The README beside this file has the rules.
struct FirecrackerClient: Sendable {
    private let http: HTTPAPIClient
    /// A socket's address is short; through it, a folder's path may be as long as it likes.
    private let folder: OwnedDescriptor

    /// For orders that are carried out at once, on a host that may have much else to do.
    private static let deadline = Duration.seconds(60)
    /// For those that read or write a machine's memory.
    private static let memoryDeadline = Duration.seconds(120)
    private static let longestAnswer = 64 << 10

    private struct Fault: Decodable {
        var faultMessage: String?
    }

    /// A client of the socket with this name in a folder. Nothing is connected.
    init(_ name: String, in path: FilePath, logger: Logger) throws {
        folder = try Descriptors.directory(path)
        http = try HTTPAPIClient(.unixSocket(FilePath("/proc/self/fd/\(folder.raw)/\(name)")), logger: logger)
    }

    func configure(_ machine: FirecrackerRequest.MachineConfiguration) async throws { try await put("/machine-config", machine) }
    func configure(_ source: FirecrackerRequest.BootSource) async throws { try await put("/boot-source", source) }
    func add(_ drive: FirecrackerRequest.Drive) async throws { try await put("/drives/" + HTTPText.segment(drive.driveId), drive) }
    func add(_ vsock: FirecrackerRequest.Vsock) async throws { try await put("/vsock", vsock) }
    func addEntropy() async throws { try await put("/entropy", FirecrackerRequest.EntropyDevice()) }
    func log(_ level: FirecrackerRequest.Logger.Level) async throws { try await put("/logger", FirecrackerRequest.Logger(level: level)) }
    func writeMetrics(to path: String) async throws { try await put("/metrics", FirecrackerRequest.Metrics(metricsPath: path)) }
    func act(_ action: FirecrackerRequest.Action.Kind) async throws {
        try await put("/actions", FirecrackerRequest.Action(actionType: action))
    }

    /// Stops all processors of the machine, or lets them go on.
    func set(_ state: FirecrackerRequest.State.Kind) async throws { try await send(.patch, "/vm", FirecrackerRequest.State(state: state)) }

    /// Saves a machine that was paused.
    func create(_ snapshot: FirecrackerRequest.SnapshotCreation) async throws {
        try await send(.put, "/snapshot/create", snapshot, deadline: Self.memoryDeadline)
    }

    /// Only before anything but the logger and the metrics was configured.
    func load(_ snapshot: FirecrackerRequest.SnapshotLoading) async throws {
        try await send(.put, "/snapshot/load", snapshot, deadline: Self.memoryDeadline)
    }

    private func put(_ path: String, _ body: some Encodable) async throws { try await send(.put, path, body) }

    private func send(_ verb: HTTPCall.Verb, _ path: String, _ body: some Encodable, deadline: Duration = deadline) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let call = HTTPCall(
            verb, path, headers: [("Accept", "application/json")],
            body: .bytes(Array(try encoder.encode(body)), type: "application/json"), deadline: deadline)
        let answer = try await http.send(call, limit: Self.longestAnswer)
        guard answer.status != 204 else { return }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let fault = try? decoder.decode(Fault.self, from: Data(answer.body))
        let reason = String((fault?.faultMessage ?? "").filter { (32..<127).contains($0.asciiValue ?? 0) }.prefix(400))
        guard answer.status >= 400 else {
            throw SandboxError(.protocolViolation, "Firecracker answers \(verb.rawValue) \(path) with status \(answer.status)")
        }
        throw SandboxError(
            .unavailable, "Firecracker refuses \(verb.rawValue) \(path): \(reason.isEmpty ? "status \(answer.status)" : reason)")
    }
}

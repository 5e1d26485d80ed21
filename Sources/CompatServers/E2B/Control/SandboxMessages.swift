// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Foundation
import SandboxCore
import SandboxEngine

/// The control plane's messages.
enum SandboxMessages {
    struct Create: Codable, Sendable {
        struct AutoResume: Codable, Sendable {
            var enabled: Bool?
        }
        struct Network: Codable, Sendable {
            var allowOut: [String]?
            var denyOut: [String]?
        }
        var templateID: String
        /// Seconds.
        var timeout: Int64?
        var autoPause: Bool?
        var allow_internet_access: Bool?
        var network: Network?
        var metadata: [String: String]?
        var envVars: [String: String]?
        var volumeMounts: [[String: String]]?
    }

    struct Timeout: Codable, Sendable {
        /// Seconds.
        var timeout: Int64?
        var duration: Int64?
    }

    struct Created: Codable, Sendable {
        var templateID: String
        var sandboxID: String
        var clientID: String
        var envdVersion: String
        var envdAccessToken: String?
        var domain: String?
        var alias: String?
    }

    struct Detail: Codable, Sendable {
        var templateID: String
        var alias: String?
        var sandboxID: String
        var clientID: String
        var startedAt: String
        var endAt: String
        var cpuCount: Int
        var memoryMB: Int
        var diskSizeMB: Int
        var envdVersion: String
        var state: String
        var metadata: [String: String]
    }

    /// The dialect of the data plane that is spoken here; clients choose their words by it.
    static let envdVersion = "0.6.13"
    static let clientID = "sandlot"
}

/// What this server keeps with a session.
enum SandboxLabels {
    static let template = "e2b.template"
    static let metadata = "e2b.metadata"
    static let paused = "e2b.paused"
    static let idempotency = "e2b.idempotency"
}

extension SessionRecord {
    var isPausedSandbox: Bool { request.labels?[SandboxLabels.paused] != nil }
    var template: String { request.labels?[SandboxLabels.template] ?? "base" }

    var sandboxMetadata: [String: String] { LabelText.read(request.labels?[SandboxLabels.metadata]) }

    var sandboxDetail: SandboxMessages.Detail {
        let day: Int64 = 86_400_000
        return SandboxMessages.Detail(
            templateID: template, alias: template, sandboxID: id.rawValue, clientID: SandboxMessages.clientID,
            startedAt: CompatTime.text(milliseconds: createdAt.milliseconds),
            endAt: CompatTime.text(milliseconds: expiresAt?.milliseconds ?? createdAt.milliseconds + day),
            cpuCount: max(1, Int((request.limits.processors ?? 1).rounded(.up))),
            memoryMB: Int((request.limits.memory ?? 0) >> 20), diskSizeMB: Int((request.limits.disk ?? 0) >> 20),
            envdVersion: SandboxMessages.envdVersion, state: isPausedSandbox ? "paused" : "running", metadata: sandboxMetadata)
    }
}

/// The revisions of the Model Context Protocol that are spoken here.
///
/// From 2026-07-28 on every request says its revision itself and nothing is remembered; before, a handshake settles it for the connection.
enum ProtocolRevision: String, Sendable, CaseIterable, Comparable {
    case november2024 = "2024-11-05"
    case march2025 = "2025-03-26"
    case june2025 = "2025-06-18"
    case november2025 = "2025-11-25"
    case july2026 = "2026-07-28"

    /// Settled by `initialize`.
    var hasHandshake: Bool { self < .july2026 }
    /// Takes several messages in one array.
    var hasBatches: Bool { self == .november2024 || self == .march2025 }

    static let newestFirst = Array(allCases.reversed())
    /// What a client is offered that asks for something unknown.
    static let newestWithHandshake = ProtocolRevision.november2025

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The names in `_meta` that the protocol defines.
enum MetaKey {
    static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
    static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
    static let serverInfo = "io.modelcontextprotocol/serverInfo"
    static let subscription = "io.modelcontextprotocol/subscriptionId"
    static let progressToken = "progressToken"
}

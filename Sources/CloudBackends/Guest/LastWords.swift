import SandboxCore

/// The end of what something printed to standard error, for people.
struct LastWords {
    private static let limit = 400

    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ errors: [UInt8]) { add(errors) }

    mutating func add(_ errors: some Collection<UInt8>) { bytes = Array((bytes + errors).suffix(Self.limit)) }

    /// On one line.
    var line: String { String(decoding: bytes, as: UTF8.self).split(separator: "\n").joined(separator: " ") }

    /// That a relay ended with these words; nil for one that said nothing, whose channel just ends.
    static func relayEnded(_ words: String, backend: BackendID?) -> SandboxError? {
        if words.isEmpty { return nil }
        return SandboxError(
            .unavailable, "the relay in the sandbox ended: \(words)", remedy: "see whether the sandbox lives", backend: backend)
    }
}

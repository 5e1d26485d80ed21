import SandboxCore

/// The keys that every cloud backend has.
struct CloudSettings: Sendable, Equatable {
    /// From making a sandbox, or its last prolonging, to its end at the service.
    var life: Duration
    var maximumSandboxes: Int

    static let descriptors: [SettingDescriptor] = [
        SettingDescriptor(
            key: "life", kind: .integer(minimum: 60, maximum: 86_400),
            summary: "Seconds after which the service ends a sandbox that no Sandlot prolongs any more.", defaultText: "1800"),
        SettingDescriptor(
            key: "max_sandboxes", kind: .integer(minimum: 1, maximum: 10_000), summary: "Sandboxes that may live at the service at once.",
            defaultText: "20"),
    ]

    /// Reads the scope, one element for each value; a value that makes no sense is `invalidArgument`.
    init(_ values: [String: [String]]) throws {
        func number(_ key: String, _ fallback: Int, _ range: ClosedRange<Int>) throws -> Int {
            guard let text = Self.text(values, key) else { return fallback }
            guard let value = Int(text), range.contains(value) else {
                throw SandboxError(
                    .invalidArgument, "the setting \(key) is '\(text)'",
                    remedy: "use a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        life = .seconds(try number("life", 1800, 60...86_400))
        maximumSandboxes = try number("max_sandboxes", 20, 1...10_000)
    }

    /// The one value of a key; nil when it is not set or empty.
    static func text(_ values: [String: [String]], _ key: String) -> String? { values[key]?.first.flatMap { $0.isEmpty ? nil : $0 } }
}

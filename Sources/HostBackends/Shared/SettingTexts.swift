import SandboxCore
import SystemPackage

/// The values of one `[backends.<id>]` scope as texts; a key that is not set is missing.
public struct SettingTexts: Sendable, Equatable {
    private let values: [String: [String]]

    /// Wraps the values; every key but a list has exactly one.
    public init(_ values: [String: [String]] = [:]) { self.values = values }

    func text(_ key: String) -> String? { values[key]?.first.flatMap { $0.isEmpty ? nil : $0 } }

    func list(_ key: String) -> [String] { values[key] ?? [] }

    func path(_ key: String) throws -> FilePath? {
        guard let text = text(key) else { return nil }
        guard text.hasPrefix("/") else {
            throw SandboxError(
                .invalidArgument, "the setting \(key) is '\(text)', which is not an absolute path", remedy: "write a path from /")
        }
        return FilePath(text)
    }

    func boolean(_ key: String, default fallback: Bool) throws -> Bool {
        guard let text = text(key) else { return fallback }
        guard let value = Bool(text) else {
            throw SandboxError(.invalidArgument, "the setting \(key) is '\(text)'", remedy: "use true or false")
        }
        return value
    }

    func integer(_ key: String, default fallback: Int, range: ClosedRange<Int>) throws -> Int {
        guard let text = text(key) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw SandboxError(
                .invalidArgument, "the setting \(key) is '\(text)'",
                remedy: "use a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

public import SandboxCore

/// One promise of the seams, with the check that a backend keeps it.
public struct ConformanceCase: Sendable, CustomStringConvertible {
    /// `family.what`, stable: reports and ledgers name cases by it.
    public let id: String
    /// The promise in one sentence.
    public let summary: String
    /// A backend that lacks one of these skips the case.
    public let requires: Set<Capability>
    /// A backend that separates less than this skips the case.
    public let isolation: Isolation
    /// Asks how a program starts, so a backend that runs WebAssembly modules only has no answer; other cases stop at their first program there.
    public let needsPrograms: Bool
    /// Takes minutes or gigabytes; runs only where that is asked for.
    public let isLong: Bool
    /// Seconds after which the case counts as failed; nil is the runner's.
    public let deadline: Duration?
    /// Throws `ConformanceFailure` when the promise is broken and `ConformanceSkip` where it cannot be tried.
    public let body: @Sendable (ConformanceContext) async throws -> Void

    /// Creates a case.
    public init(
        _ id: String, _ summary: String, requires: Set<Capability> = [], isolation: Isolation = .none, needsPrograms: Bool = false,
        isLong: Bool = false,
        deadline: Duration? = nil, body: @escaping @Sendable (ConformanceContext) async throws -> Void
    ) {
        self.id = id
        self.summary = summary
        self.requires = requires
        self.isolation = isolation
        self.needsPrograms = needsPrograms
        self.isLong = isLong
        self.deadline = deadline
        self.body = body
    }

    /// The part of the id before the first dot.
    public var family: String { String(id.prefix { $0 != "." }) }

    /// The id.
    public var description: String { id }

    /// Why this backend does not have to keep the promise; nil when it does.
    public func exemption(of descriptor: BackendDescriptor) -> String? {
        let missing = requires.subtracting(descriptor.capabilities).sorted()
        if !missing.isEmpty { return "does not claim " + missing.map(\.rawValue).joined(separator: ", ") }
        if descriptor.isolation < isolation {
            return "isolation '\(descriptor.isolation.rawValue)' promises less than '\(isolation.rawValue)'"
        }
        if needsPrograms && descriptor.isolation == .wasm { return Self.withoutPrograms }
        return nil
    }

    static let withoutPrograms = "runs WebAssembly modules, no programs"
}

/// A broken promise.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// What should have been.
    public let expected: String
    /// What was.
    public let found: String

    /// Creates a failure.
    public init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    /// Both in one line.
    public var description: String { "expected \(expected), found \(found)" }
}

/// A case that cannot be tried in this sandbox, with the reason: a tool that is missing, a file system that is not mounted.
public struct ConformanceSkip: Error, Sendable, CustomStringConvertible {
    /// Why.
    public let reason: String
    /// Creates a skip.
    public init(_ reason: String) { self.reason = reason }
    /// The reason.
    public var description: String { reason }
}

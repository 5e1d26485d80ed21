public import SandboxCore

/// What an attack is judged by: what the sandbox that it is tried in promises.
public struct AttackSubject: Sendable {
    public var isolation: Isolation
    public var capabilities: Set<Capability>
    public var network: NetworkPolicy
    /// It does not run on this host's kernel.
    public var hasOwnKernel: Bool

    /// Creates a subject.
    public init(isolation: Isolation, capabilities: Set<Capability>, network: NetworkPolicy, hasOwnKernel: Bool) {
        self.isolation = isolation
        self.capabilities = capabilities
        self.network = network
        self.hasOwnKernel = hasOwnKernel
    }
}

/// One attempt to get out of a sandbox, or to be more in it than a command should be. The attempt itself is made by the guest's program (`sandlot-guest
/// probe`); this is what it tries in words, and whether a sandbox promises that it fails.
public struct AttackProbe: Sendable {
    /// `family.what`, stable; the same in the guest's program.
    public let id: String
    /// What is tried.
    public let summary: String
    /// Why a sandbox does not promise that it fails; nil where it does.
    public let exemption: @Sendable (AttackSubject) -> String?

    init(_ id: String, _ summary: String, _ exemptions: Exemption...) {
        self.id = id
        self.summary = summary
        exemption = { subject in ([.unisolated] + exemptions).lazy.compactMap { $0.reason(subject) }.first }
    }

    /// The part of the id before the first dot.
    public var family: String { String(id.prefix { $0 != "." }) }

    /// The verdict on what the guest's program said.
    func verdict(_ answer: ProbeAnswer?, _ subject: AttackSubject) -> (Verdict, String) {
        let (result, detail) = answer.map { ($0.result, $0.detail) } ?? (.unknown, "the program ended before it came to this")
        switch result {
        case .blocked, .absent: return (.held, detail)
        case .open: return exemption(subject).map { (.notPromised, "\(detail); \($0)") } ?? (.open, detail)
        case .unanswered, .unknown: return exemption(subject).map { (.notPromised, "\(detail); \($0)") } ?? (.couldNotRun, detail)
        }
    }

    /// A promise that is not given, and why.
    struct Exemption: Sendable {
        let reason: @Sendable (AttackSubject) -> String?

        static let unisolated = Exemption { $0.isolation == .none ? "isolation 'none' promises nothing" : nil }

        /// Weaker isolations promise less.
        static func below(_ isolation: Isolation, _ reason: String) -> Exemption {
            Exemption { $0.isolation < isolation ? "isolation '\($0.isolation.rawValue)' does not promise it: \(reason)" : nil }
        }

        /// The kernel that is attacked holds nothing but this sandbox.
        static let ownKernel = Exemption { $0.hasOwnKernel ? "the kernel is the sandbox's own" : nil }
        static let openNetwork = Exemption { $0.network == .open ? "network 'open' is open" : nil }
        /// Nobody can promise that a kernel has no faults.
        static let kernelFault = Exemption { _ in "a fault of the kernel, which its owner mends by an update" }
    }
}

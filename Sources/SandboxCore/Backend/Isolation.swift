/// How strongly a backend separates a sandbox from the host, weakest first. The order is a decision: see docs/adr.
public enum Isolation: String, Sendable, Codable, CaseIterable, Comparable {
    /// No separation at all.
    case none
    /// The host's kernel and file system, narrowed by the process' own restrictions.
    case process
    /// A WebAssembly runtime.
    case wasm
    /// Kernel namespaces made by an unprivileged tool.
    case namespace
    /// A container engine.
    case container
    /// A virtual machine.
    case microVM = "microvm"

    /// Weaker sorts first.
    public static func < (left: Isolation, right: Isolation) -> Bool { left.rank < right.rank }

    private var rank: Int { Isolation.allCases.firstIndex(of: self) ?? 0 }
}

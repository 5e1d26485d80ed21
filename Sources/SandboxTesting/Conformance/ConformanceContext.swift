public import SandboxCore
import Synchronization
public import SystemPackage

/// What a case works with: the backend, and sandboxes that are cleared away after it.
public final class ConformanceContext: Sendable {
    /// The backend under test.
    public let backend: any SandboxBackend
    /// Owner of every sandbox that the case makes; no other case uses it.
    public let owner = OwnerLabel.random()
    /// An existing directory of the host for files that a sandbox must or must not see.
    public let hostScratch: FilePath
    private let configure: @Sendable (inout SandboxSpec) -> Void
    private let made = Mutex<[any Sandbox]>([])

    /// Creates the context of one case. `configure` gives every specification what this backend needs, such as an image.
    public init(
        backend: any SandboxBackend, hostScratch: FilePath, configure: @escaping @Sendable (inout SandboxSpec) -> Void = { _ in }
    ) {
        self.backend = backend
        self.hostScratch = hostScratch
        self.configure = configure
    }

    /// True when the backend claims it.
    public func claims(_ capability: Capability) -> Bool { backend.descriptor.capabilities.contains(capability) }

    /// What "large" means: a multiple of 262144 bytes. Less where every byte is an API call's, is encoded and is paid for.
    public var largeVolume: Int { backend.descriptor.placement == .cloud ? 5_242_880 : 52_428_800 }

    /// The specification that cases start from.
    public func spec(_ edit: (inout SandboxSpec) -> Void = { _ in }) -> SandboxSpec {
        var spec = SandboxSpec(owner: owner)
        if !claims(.networkNone) { spec.network = .open }
        configure(&spec)
        edit(&spec)
        return spec
    }

    /// Makes a sandbox that is destroyed after the case.
    public func makeSandbox(
        _ edit: (inout SandboxSpec) -> Void = { _ in }, record: @Sendable (SandboxReference) async throws -> Void = { _ in }
    ) async throws -> any Sandbox {
        let sandbox = try await backend.create(spec(edit), record: record)
        made.withLock { $0.append(sandbox) }
        return sandbox
    }

    /// Destroys what the case made and checks that the backend lists nothing of it any more.
    func clearAway() async throws {
        var firstError: (any Error)?
        for sandbox in made.withLock({ $0 }) {
            do { try await sandbox.destroy() } catch { firstError = firstError ?? error }
        }
        let left = try await backend.list(owner: owner)
        for reference in left { try? await backend.remove(reference) }
        if let firstError { throw ConformanceFailure(expected: "that every sandbox can be destroyed", found: "\(firstError)") }
        guard left.isEmpty else {
            throw ConformanceFailure(
                expected: "that nothing is listed after destruction", found: left.map(\.id.rawValue).joined(separator: ", "))
        }
    }
}

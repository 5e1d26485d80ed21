import SandboxCore
import SandboxStore
import SandboxWorkspace
import Synchronization

/// Keeps the base of one workspace in the store: as a whole and, while that is little, what became different since. A base has about 100 bytes for
/// each path, a push seldom concerns many of them.
final class BaseKeeper: Sendable {
    private let sandbox: SandboxID
    private let store: Store
    /// The last whole that the store has.
    private let whole: Mutex<BaseIndex>

    private init(_ sandbox: SandboxID, _ store: Store, _ whole: BaseIndex) {
        self.sandbox = sandbox
        self.store = store
        self.whole = Mutex(whole)
    }

    /// What the store has. Nobody else may write it as long as the keeper is used.
    static func load(_ sandbox: SandboxID, from store: Store) async throws -> (keeper: BaseKeeper, index: BaseIndex) {
        let base = try await store.read { try $0.base(of: sandbox) }
        let (whole, index) = try indices(of: base)
        return (BaseKeeper(sandbox, store, whole), index)
    }

    /// The last whole, and what is right now.
    static func indices(of base: WorkspaceBase) throws -> (whole: BaseIndex, now: BaseIndex) {
        let whole = try base.whole.map { try BaseIndex(decoding: $0) } ?? BaseIndex()
        return (whole, try base.changes.map { whole.applying(try BaseIndex(decoding: $0)) } ?? whole)
    }

    /// Makes an index durable before it returns. Throws `conflict` when the sandbox is not known any more.
    @Sendable func save(_ index: BaseIndex) async throws {
        let changes = index.changes(since: whole.withLock { $0 })
        if changes.entries.count <= index.entries.count / 8 {
            let bytes = changes.encoded()
            try await store.write { [sandbox] in try $0.setBaseChanges(bytes, of: sandbox) }
        } else {
            let bytes = index.encoded()
            try await store.write { [sandbox] in try $0.setBase(bytes, of: sandbox) }
            whole.withLock { $0 = index }
        }
    }
}

public import SandboxCore
import Synchronization

/// Faults that a test asks an `InMemoryBackend` to have. Each is asked for explicitly and, unless said otherwise, spent by its use.
public final class InMemoryFaults: Sendable {
    private struct State {
        var create: [SandboxError] = []
        var createAfterRecord: [SandboxError] = []
        var start: [SandboxError] = []
        var attach: [SandboxError] = []
        var destroy: [SandboxError] = []
        var list: [SandboxError] = []
        var holdsCreate = false
        var held = 0
    }

    private let state = Mutex(State())
    private let bell = Bell()

    init() {}

    /// The next creations fail with these errors, one each, before anything was made.
    public func failCreate(_ errors: SandboxError...) { state.withLock { $0.create += errors } }
    /// The next creations fail with these errors after the reference was recorded; nothing is left.
    public func failCreateAfterRecord(_ errors: SandboxError...) { state.withLock { $0.createAfterRecord += errors } }
    /// The next starts of execs fail with these errors; nothing runs.
    public func failStart(_ errors: SandboxError...) { state.withLock { $0.start += errors } }
    /// The next attachments to sandboxes fail with these errors.
    public func failAttach(_ errors: SandboxError...) { state.withLock { $0.attach += errors } }
    /// The next destructions and removals fail with these errors and leave the sandbox.
    public func failDestroy(_ errors: SandboxError...) { state.withLock { $0.destroy += errors } }
    /// The next listings fail with these errors.
    public func failList(_ errors: SandboxError...) { state.withLock { $0.list += errors } }

    /// From now on every creation waits until `releaseCreate`.
    public func holdCreate() { state.withLock { $0.holdsCreate = true } }

    /// Lets the waiting creations go on, and those to come.
    public func releaseCreate() {
        state.withLock { $0.holdsCreate = false }
        bell.ring()
    }

    /// Returns when this many creations wait. Throws `CancellationError` when cancelled.
    public func createIsHeld(by count: Int = 1) async throws {
        while true {
            let seen = bell.count
            if state.withLock({ $0.held >= count }) { return }
            try await bell.wait(past: seen)
        }
    }

    private func take(_ faults: WritableKeyPath<State, [SandboxError]>) throws {
        if let error = state.withLock({ $0[keyPath: faults].isEmpty ? nil : $0[keyPath: faults].removeFirst() }) { throw error }
    }

    func beforeCreate() async throws {
        if state.withLock({ $0.holdsCreate }) {
            state.withLock { $0.held += 1 }
            bell.ring()
            defer { state.withLock { $0.held -= 1 } }
            while true {
                let seen = bell.count
                if !state.withLock({ $0.holdsCreate }) { break }
                try await bell.wait(past: seen)
            }
        }
        try take(\.create)
    }

    func afterRecord() throws { try take(\.createAfterRecord) }
    func beforeStart() async throws { try take(\.start) }
    func beforeAttach() throws { try take(\.attach) }
    func beforeDestroy() async throws { try take(\.destroy) }
    func beforeList() throws { try take(\.list) }
}

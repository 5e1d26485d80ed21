import Logging
import SandboxCore
import SandboxStore
import SandboxWorkspace
import Synchronization

extension Engine {
    /// What a session's sync options want done for as long as this engine has a channel to the sandbox.
    func attend(_ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox) {
        if let interval = sync.interval { tasks.start { await self.keepInStep(id, sync, sandbox, every: interval) } }
        if sync.direction != .push { tasks.start { await self.bringOutInTime(id, sync, sandbox) } }
    }

    private func serves(_ sandbox: any Sandbox, _ id: SessionID) -> Bool { sandboxes.sandbox(of: id)?.reference.id == sandbox.reference.id }

    /// Both ways every so often, while something changes.
    private func keepInStep(_ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox, every interval: Duration) async {
        let inside = ChangeFlag()
        async let _: Void = inside.watch(sandbox)
        var outside: Int?
        while (try? await Task.sleep(for: interval)) != nil {
            guard serves(sandbox, id) else { return }
            do {
                guard try await sessionRow(id).state == SessionState.ready.rawValue else { return }
                let isChanged = inside.take()
                if isChanged, sync.direction != .push, !sync.needsReview { _ = try await pull(id, sync, sandbox) { _ in } }
                let now = try await hostFingerprint(sync, sandbox)
                if now != outside, sync.direction != .pull { _ = try await push(id, sync, sandbox) { _ in } }
                outside = now
            } catch {
                inside.set()
                outside = nil
                logger.warning("the workspace is not in step", metadata: ["session.id": "\(id)", "error": "\(error)"])
            }
        }
    }

    /// Before the provider of a sandbox ends it: once a minute before, then again and again, for commands go on.
    private func bringOutInTime(_ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox) async {
        while let end = await sandbox.endsAt.map(Timestamp.init(milliseconds:)) {
            let left = end - Timestamp.now()
            guard left > .zero else { return }
            // The provider may give it more time meanwhile, so it is asked again.
            let wait = left > .seconds(90) ? min(left - .seconds(60), .seconds(600)) : max(left / 2, .milliseconds(500))
            if left <= .seconds(90) {
                guard serves(sandbox, id) else { return }
                await bringOut(id, sync, sandbox, before: end)
            }
            guard (try? await Task.sleep(for: wait)) != nil, serves(sandbox, id) else { return }
        }
    }

    private func bringOut(_ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox, before end: Timestamp) async {
        do {
            guard try await sessionRow(id).state == SessionState.ready.rawValue else { return }
            guard !sync.needsReview else {
                let waiting = try await look(id, sync, sandbox).changes.count
                guard waiting > 0 else { return }
                let reason = "\(waiting) changes wait for review, and the sandbox ends at \(end)"
                try await store.write { try $0.announce(.workspaceFailed, session: id, ["reason": reason]) }
                return
            }
            _ = try await pull(id, sync, sandbox) { _ in }
        } catch {
            logger.warning(
                "the workspace was not brought out before its sandbox ends",
                metadata: ["session.id": "\(id)", "end": "\(end)", "error": "\(error)"])
        }
    }
}

/// Whether something in a sandbox's workspace changed since it was asked last.
private final class ChangeFlag: Sendable {
    private struct State {
        var isSet = true
        var isWatched = false
    }
    private let state = Mutex(State())

    func set() { state.withLock { $0.isSet = true } }

    /// Without a watch everything may have changed.
    func take() -> Bool {
        state.withLock { state in
            defer { state.isSet = false }
            return state.isSet || !state.isWatched
        }
    }

    /// Until it is cancelled or the watch breaks.
    func watch(_ sandbox: any Sandbox) async {
        defer { state.withLock { $0.isWatched = false } }
        guard let changes = try? await sandbox.files.watch(sandbox.workspacePath, recursive: true) else { return }
        // What changed before the watch was set is still flagged.
        state.withLock { $0 = State(isSet: true, isWatched: true) }
        do { for try await _ in changes { set() } } catch { return }
    }
}

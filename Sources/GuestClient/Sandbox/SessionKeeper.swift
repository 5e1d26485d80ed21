import SandboxCore
import Synchronization

/// Holds the one session to a sandbox and makes a new one when its channel is broken, once however many callers need it.
final class SessionKeeper: ExecRecovery {
    private final class Attempt: Sendable {
        let waiters = Mutex<[Answer<GuestSession>]>([])
        let task = Mutex<Task<Void, Never>?>(nil)
    }

    private struct State {
        var session: GuestSession?
        var attempt: Attempt?
        var isClosed = false
    }

    let isAlive: @Sendable () async -> Bool
    private let causeOfDeath: @Sendable () async -> String?
    private let connect: @Sendable () async throws -> GuestSession
    private let reconnection: GuestReconnection
    private let state: Mutex<State>

    init(
        _ session: GuestSession?, reconnection: GuestReconnection, isAlive: @escaping @Sendable () async -> Bool,
        causeOfDeath: @escaping @Sendable () async -> String?,
        connect: @escaping @Sendable () async throws -> GuestSession
    ) {
        self.reconnection = reconnection
        self.isAlive = isAlive
        self.causeOfDeath = causeOfDeath
        self.connect = connect
        state = Mutex(State(session: session))
    }

    deinit { close() }

    /// A session whose channel is open as far as anybody knows. Throws `SandboxEnded` when the sandbox is dead.
    func session() async throws -> GuestSession {
        let waiter = Answer<GuestSession>()
        let (session, fresh) = try state.withLock { state -> (GuestSession?, Attempt?) in
            guard !state.isClosed else { throw Self.closed }
            if let session = state.session, session.channel.endReason == nil { return (session, nil) }
            if let attempt = state.attempt {
                attempt.waiters.withLock { $0.append(waiter) }
                return (nil, nil)
            }
            let attempt = Attempt()
            attempt.waiters.withLock { $0.append(waiter) }
            state.attempt = attempt
            return (nil, attempt)
        }
        if let session { return session }
        if let fresh {
            // Owned by the attempt, because the first caller may give up while others still wait; `close` cancels it.
            let task = Task { await self.run(fresh) }
            fresh.task.withLock { $0 = task }
        }
        return try await waiter.value()
    }

    private func run(_ attempt: Attempt) async {
        let result: Result<GuestSession, any Error>
        do {
            result = .success(try await withDeadline(reconnection.deadline) { try await self.reconnect() })
        } catch {
            result = .failure(error)
        }
        let (waiters, isClosed) = state.withLock { state -> ([Answer<GuestSession>], Bool) in
            if case .success(let session) = result, !state.isClosed { state.session = session }
            state.attempt = nil
            return (attempt.waiters.withLock { $0 }, state.isClosed)
        }
        if isClosed, case .success(let session) = result { session.close() }
        for waiter in waiters { waiter.settle(isClosed ? .failure(Self.closed) : result) }
    }

    private func reconnect() async throws -> GuestSession {
        var pause = reconnection.firstPause
        var last: (any Error)?
        for attempt in 0..<max(1, reconnection.attempts) {
            if attempt > 0 {
                try await Task.sleep(for: pause)
                pause *= 2
            }
            guard await isAlive() else { throw await ended() }
            do {
                return try await connect()
            } catch let error as SandboxError where error.code == .protocolViolation {
                throw error
            } catch {
                last = error
            }
        }
        guard await isAlive() else { throw await ended() }
        throw SandboxError(
            .unavailable, "the channel to the sandbox broke and cannot be made again", remedy: "try again, or destroy the sandbox",
            cause: last)
    }

    private func ended() async -> SandboxEnded { SandboxEnded(reason: await causeOfDeath() ?? "its processes have ended") }

    private func withDeadline(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> GuestSession
    ) async throws -> GuestSession {
        try await withThrowingTaskGroup(of: GuestSession.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw SandboxError(.unavailable, "no channel to the sandbox within \(limit)", remedy: "try again, or destroy the sandbox")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Ends the session for good.
    func close() {
        let (session, attempt) = state.withLock { state in
            state.isClosed = true
            defer { state.session = nil }
            return (state.session, state.attempt)
        }
        session?.close()
        attempt?.task.withLock { $0 }?.cancel()
    }

    private static var closed: SandboxError {
        SandboxError(.unavailable, "the sandbox was let go on this side", remedy: "attach to it again")
    }

    // MARK: What callers do with it

    /// Says that the sandbox is gone in the caller's words.
    func orGone<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let ended as SandboxEnded {
            throw ended.sandboxError
        }
    }

    /// Does what may be done twice, a second time when the channel broke under the first.
    func repeatable<R>(_ body: (GuestSession) async throws -> R) async throws -> R {
        try await orGone {
            let session = try await self.session()
            do {
                return try await body(session)
            } catch let error as SandboxError where error.code == .unavailable && session.channel.endReason != nil {
                return try await body(try await self.session())
            }
        }
    }

    // MARK: ExecRecovery

    func link() async throws -> FrameLink { try await session().link }

    func resume(_ exec: ExecID, from offsets: OutputOffsets, isTerminal: Bool?) async throws -> ExecStream {
        for _ in 0..<max(1, reconnection.attempts) {
            let link = try await link()
            do {
                let stream = try ExecStream.attach(exec, from: offsets, isTerminal: isTerminal, mayBeginLater: false, over: link)
                _ = try await stream.opened()
                return stream
            } catch let error as SandboxError where error.code == .notFound {
                throw SandboxEnded(reason: "its guest does not know exec \(exec) any more")
            } catch let error as SandboxError where error.code == .unavailable && link.end != nil {
                continue
            }
        }
        throw SandboxError(
            .unavailable, "exec \(exec): the channel broke again and again", remedy: "attach to the exec again, or destroy the sandbox")
    }
}

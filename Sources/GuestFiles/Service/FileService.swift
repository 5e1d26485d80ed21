public import GuestProtocol

/// Serves every file request of the protocol on threads of its own. The loop thread submits requests, delivers what follows them, and drains answers.
///
/// Per stream, answers come in order and end with exactly one last message: a response for plain requests; `streamEnd` or `failure` for the
/// streaming ones and for a watch. A cancelled stream ends with `failure(superseded)`, a closed one with `streamEnd`, an abandoned one silently.
/// Messages for streams that have ended are ignored: they were under way.
///
/// Unchecked: the mutable state (`conversations`, `longLived`) is used only inside the outbox's monitor.
public final class FileService: @unchecked Sendable {
    private let outbox: Outbox
    private let plain: WorkerPool
    private let heavy: WorkerPool
    private let registry = Registry()
    private let known = DigestCache()

    /// Unchecked: used only inside the outbox's monitor. Apart from the service so that threads do not keep the service alive.
    private final class Registry: @unchecked Sendable {
        var conversations: [UInt64: Conversation] = [:]
        var longLived = 0
    }

    /// Creates a service. `maximumConcurrent` bounds the threads of each of the two pools, for quick requests and for searches; streams,
    /// transfers and watches have a thread each, up to `FileLimits.longLivedRequests`. `notify` is called from any thread, without a lock held,
    /// when answers wait and none waited before.
    public init(maximumConcurrent: Int = 4, notify: @escaping @Sendable () -> Void) {
        outbox = Outbox(notify: notify)
        plain = WorkerPool(threads: maximumConcurrent)
        heavy = WorkerPool(threads: maximumConcurrent)
    }

    deinit {
        plain.stop()
        heavy.stop()
        outbox.monitor.locked {
            for conversation in registry.conversations.values { conversation.end(.abandoned) }
        }
    }

    /// Starts a request under a stream number that is not in use. Every request is answered, those that are no file requests by `unsupported`.
    public func submit(stream: UInt64, request: GuestRequest) {
        let group = RequestClass(request)
        var receivesContent = false
        if case .longLived(let receives) = group { receivesContent = receives }
        let conversation = Conversation(stream: stream, outbox: self.outbox, receivesContent: receivesContent)
        if case .foreign = group {
            return conversation.finish(.failure(GuestFailure(.unsupported, message: "not a file request")))
        }
        let (registry, outbox, known) = (self.registry, self.outbox, self.known)
        let isFree = outbox.monitor.locked {
            guard registry.conversations[stream] == nil else { return false }
            registry.conversations[stream] = conversation
            return true
        }
        guard isFree else { return conversation.finish(.failure(GuestFailure.invalid("the stream is in use"))) }

        let work: @Sendable () -> Void = {
            let outcome = Result { () throws -> GuestMessage in
                try conversation.checkStopped()
                return try FileOperations.perform(request, in: conversation, known)
            }
            FileService.remove(conversation, from: registry, outbox)
            conversation.finish(outcome)
        }
        let isTaken =
            switch group {
            case .plain: plain.submit(work)
            case .heavy: heavy.submit(work)
            case .longLived: startThread(work)
            case .foreign: false
            }
        if !isTaken {
            FileService.remove(conversation, from: registry, outbox)
            conversation.finish(.failure(GuestFailure(.limitExceeded, message: "too many file requests at the same time")))
        }
    }

    /// Hands over what the host sent on a stream after its request.
    public func deliver(stream: UInt64, message: HostMessage) {
        let conversation = outbox.monitor.locked { registry.conversations[stream] }
        conversation?.accept(message)
    }

    /// Calls `body` with every answer that waits, in order. To be called on the loop thread.
    public func drain(_ body: (UInt64, GuestMessage) -> Void) { outbox.drain(body) }

    /// Stops the work of a stream whose channel is gone. What it had begun to write is removed; nothing more is said on it.
    public func abandon(stream: UInt64) {
        let conversation = outbox.monitor.locked { registry.conversations.removeValue(forKey: stream) }
        conversation?.abandon()
    }

    private func startThread(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (registry, outbox) = (self.registry, self.outbox)
        let mayStart = outbox.monitor.locked {
            guard registry.longLived < FileLimits.longLivedRequests else { return false }
            registry.longLived += 1
            return true
        }
        guard mayStart else { return false }
        let started = Thread.start {
            work()
            outbox.monitor.locked { registry.longLived -= 1 }
        }
        if !started { outbox.monitor.locked { registry.longLived -= 1 } }
        return started
    }

    private static func remove(_ conversation: Conversation, from registry: Registry, _ outbox: Outbox) {
        outbox.monitor.locked {
            if registry.conversations[conversation.stream] === conversation { registry.conversations[conversation.stream] = nil }
        }
    }
}

import CSandlotSystem
import Glibc
import SandboxCore
import Synchronization

/// The keeper's thread: work to do, and what to call when a descriptor becomes readable. Each watch fires once.
final class KeeperLoop: Sendable {
    private struct Watch {
        var descriptor: OwnedDescriptor
        var action: @Sendable () -> Void
    }
    private struct State {
        var work: [@Sendable () -> Void] = []
        var watches: [UInt64: Watch] = [:]
        var next: UInt64 = 1
        var isStopping = false
    }

    private let poller: OwnedDescriptor
    private let wakeup: OwnedDescriptor
    private let state = Mutex(State())

    init() throws {
        poller = OwnedDescriptor(sandlot_poller_create())
        wakeup = OwnedDescriptor(sandlot_wakeup_create())
        guard poller.raw >= 0, wakeup.raw >= 0,
            sandlot_poller_add(poller.raw, wakeup.raw, UInt32(SANDLOT_READABLE), 0) == 0
        else { throw SandboxError.system("preparing to watch processes", errno) }
    }

    func startThread() throws { try startThread { $0.run() } }

    private func startThread(_ body: @escaping @Sendable (KeeperLoop) -> Void) throws {
        let context = Unmanaged.passRetained(Start(loop: self, body: body)).toOpaque()
        var thread = pthread_t()
        let number = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                start.body(start.loop)
                return nil
            }, context)
        guard number == 0 else {
            Unmanaged<Start>.fromOpaque(context).release()
            throw SandboxError.system("starting a thread", number)
        }
        pthread_detach(thread)
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        sandlot_wakeup_signal(wakeup.raw)
    }

    func perform(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(work) }
        sandlot_wakeup_signal(wakeup.raw)
    }

    func watch(_ descriptor: OwnedDescriptor, _ action: @escaping @Sendable () -> Void) throws {
        let token = state.withLock { state in
            defer { state.next += 1 }
            state.watches[state.next] = Watch(descriptor: descriptor, action: action)
            return state.next
        }
        guard sandlot_poller_add(poller.raw, descriptor.raw, UInt32(SANDLOT_READABLE), token) == 0 else {
            let number = errno
            _ = state.withLock { $0.watches.removeValue(forKey: token) }
            throw SandboxError.system("watching a descriptor", number)
        }
    }

    /// Ends the watch of a descriptor, if there is one.
    func forget(_ descriptor: OwnedDescriptor) {
        let found = state.withLock { state in
            let token = state.watches.first { $0.value.descriptor === descriptor }?.key
            return token.map { state.watches.removeValue(forKey: $0) != nil } ?? false
        }
        if found { sandlot_poller_remove(poller.raw, descriptor.raw) }
    }

    private func run() {
        while !turn() {}
        // This thread must end now: that is what a parent-death signal waits for. What it started is still a child of this process, and
        // a child that nobody reaps stays a zombie for as long as the process lives. Without a second thread there is nobody to do it.
        if state.withLock({ !$0.watches.isEmpty }) { try? startThread { $0.runToTheLastWatch() } }
    }

    private func runToTheLastWatch() {
        while state.withLock({ !$0.watches.isEmpty }) { _ = turn() }
    }

    /// Waits for something to happen and does it. True when the keeper is gone.
    private func turn() -> Bool {
        var events = [sandlot_event](repeating: sandlot_event(), count: 64)
        let count = sandlot_poller_wait(poller.raw, &events, 64, -1)
        for event in events.prefix(max(0, Int(count))) where event.token != 0 {
            guard let watch = state.withLock({ $0.watches.removeValue(forKey: event.token) }) else { continue }
            sandlot_poller_remove(poller.raw, watch.descriptor.raw)
            watch.action()
        }
        sandlot_wakeup_clear(wakeup.raw)
        let (work, isStopping) = state.withLock { state in
            defer { state.work = [] }
            return (state.work, state.isStopping)
        }
        for piece in work { piece() }
        return isStopping
    }
}

/// What a new thread is given.
private final class Start: Sendable {
    let loop: KeeperLoop
    let body: @Sendable (KeeperLoop) -> Void

    init(loop: KeeperLoop, body: @escaping @Sendable (KeeperLoop) -> Void) {
        self.loop = loop
        self.body = body
    }
}

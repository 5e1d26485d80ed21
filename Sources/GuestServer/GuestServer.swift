internal import CSandlotSystem
internal import Glibc
internal import GuestFiles
internal import GuestProtocol

/// The guest: one event loop that serves any number of channels and runs the sandbox's commands.
public final class GuestServer {
    let loop: EventLoop
    let execs = ExecTable()
    /// Limits that commands get: those that the guest itself was started with.
    let commandLimits: [sandlot_rlimit]
    /// Nil where nobody counts them.
    let memoryKills: MemoryKills?
    private var fileConversations: FileConversations?
    private let options: GuestOptions
    private let workingDirectory: [UInt8]
    private let instance: [UInt8]
    private let users = UserDatabase()
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var channels: [UInt32: Channel] = [:]
    private var nextChannel: UInt32 = 1
    private var dirty: [Channel] = []
    private var listener: EventLoop.Watch?
    private var lifeline: EventLoop.Watch?
    private var signals: EventLoop.Watch?
    private let rootStart: RootStart?
    private var isSweeping = false
    private var sweeps = 0
    private var shutdown: Shutdown?

    private struct Shutdown {
        var waiting: [(channel: UInt32, stream: UInt32)] = []
        var isFinished = false
    }

    /// Prepares everything that does not need a host.
    public init(_ options: GuestOptions) throws(StartFailure) {
        self.options = options
        sandlot_ignore_sigpipe()
        if case .root(let root) = options.endpoint { rootStart = try RootStart(root) } else { rootStart = nil }
        // After a change of user, which the kernel takes as a reason to forget it.
        sandlot_protect_self()
        if options.filtersCalls { try GuestServer.filterCalls() }
        if let count = options.maximumProcesses, sandlot_limit_processes(UInt64(count)) != 0 {
            throw StartFailure("cannot limit processes to \(count)", errno: errno)
        }
        commandLimits = GuestServer.raiseDescriptorLimit()
        memoryKills =
            switch options.memoryKills {
            case .descriptor(let descriptor): MemoryKills(descriptor: descriptor)
            case .controlGroups(let root): MemoryKills(ofControlGroups: root)
            case nil: nil
            }
        if getpid() != 1 { sandlot_become_subreaper() }
        let descriptor = sandlot_signals_create()
        guard descriptor >= 0 else { throw StartFailure("cannot receive signals", errno: errno) }
        if !options.workingDirectory.isEmpty, chdir(options.workingDirectory) != 0 {
            throw StartFailure("cannot enter \(options.workingDirectory)", errno: errno)
        }
        workingDirectory = GuestServer.currentDirectory()
        var random = [UInt8](repeating: 0, count: 16)
        random.withUnsafeMutableBytes { _ = sandlot_random($0.baseAddress, $0.count) }
        instance = random
        loop = try EventLoop()
        fileConversations = try FileConversations(loop: loop) { [weak self] channel, stream, message in
            self?.channels[channel]?.deliver(message, stream: stream)
        }
        let watch = loop.watch(descriptor) { [weak self] _ in self?.handleSignals() }
        watch.want(SANDLOT_READABLE)
        signals = watch
    }

    deinit { scratch.deallocate() }

    /// Serves until it is told to end.
    public func run() throws(StartFailure) {
        try awaitBirth()
        switch options.endpoint {
        case .standardStreams: open(reading: STDIN_FILENO, writing: STDOUT_FILENO)
        case .connected(let descriptor):
            sandlot_set_close_on_exec(descriptor)
            open(reading: descriptor, writing: descriptor)
        case .listening(let descriptor): listen(on: descriptor)
        case .abstract(let name), .ownUser(let name):
            let descriptor = sandlot_listen_abstract(name)
            guard descriptor >= 0 else { throw StartFailure("cannot listen on \(name)", errno: errno) }
            listen(on: descriptor)
        case .door(let path):
            let door = try GuestDoor(path)
            listen(on: try door.receiveListener())
            if options.endsWithDoor {
                // Nothing ever comes over it; it only can end.
                let watch = loop.watch(door.descriptor) { [weak self] _ in self?.shutDown(grace: 0) }
                watch.want(SANDLOT_READABLE)
                lifeline = watch
            } else {
                door.close()
            }
        case .root:
            // The initialiser has opened them.
            if let rootStart {
                listen(on: rootStart.listener)
                if let lifeline = rootStart.lifeline { awaitLifeline(on: lifeline) }
            }
        }
        loop.run { flush() }
    }

    /// Lets one connection in and ends with it, and also when none has come within a minute.
    private func awaitLifeline(on descriptor: Int32) {
        var isHeld = false
        let watch = loop.watch(descriptor) { _ in }
        loop.setHandler(watch) { [weak self] _ in
            guard let self else { return }
            let connection = sandlot_accept(descriptor)
            guard connection >= 0 else { return }
            isHeld = true
            watch.close()
            // Whoever holds it wants to know that it is held.
            var byte: UInt8 = 1
            _ = write(connection, &byte, 1)
            let held = loop.watch(connection) { [weak self] _ in self?.shutDown(grace: 0) }
            held.want(SANDLOT_READABLE)
            lifeline = held
        }
        watch.want(SANDLOT_READABLE)
        _ = loop.after(60_000) { [weak self] in if !isHeld { self?.shutDown(grace: 0) } }
    }

    var files: FileConversations {
        // Set once in the initialiser, which needs `self` for it.
        guard let fileConversations else { preconditionFailure("used before the initialiser's end") }
        return fileConversations
    }

    func withScratch<R>(_ body: (UnsafeMutableBufferPointer<UInt8>) -> R) -> R { body(scratch.bindMemory(to: UInt8.self)) }

    func hello(version: UInt16) -> GuestHello {
        GuestHello(
            version: version, instance: instance, pid: getpid(), userID: geteuid(), groupID: getegid(),
            architecture: GuestServer.architecture, workingDirectory: workingDirectory,
            capabilities: ["exec", "files", "pty", "watch", "chunks", "folders", "stamps"])
    }

    // MARK: Channels

    private func listen(on descriptor: Int32) {
        sandlot_set_close_on_exec(descriptor)
        sandlot_set_nonblocking(descriptor)
        let watch = loop.watch(descriptor) { [weak self] _ in self?.accept(from: descriptor) }
        watch.want(SANDLOT_READABLE)
        listener = watch
    }

    private func accept(from listener: Int32) {
        // A few per turn; the poller tells again when more wait.
        for _ in 0..<16 {
            let descriptor = sandlot_accept(listener)
            guard descriptor >= 0 else {
                if errno == EMFILE || errno == ENFILE { pauseListening() }
                return
            }
            guard isWelcome(descriptor) else {
                close(descriptor)
                continue
            }
            guard channels.count < 256 else {
                close(descriptor)
                continue
            }
            open(reading: descriptor, writing: descriptor)
        }
    }

    private func isWelcome(_ peer: Int32) -> Bool {
        switch options.endpoint {
        // What runs in the sandbox must not speak for the host; only the host can start a process that has no parent here.
        case .abstract: sandlot_peer_is_outsider(peer) != 0
        // Whoever is this user can do all that the guest would do for him; another user must not become this one.
        case .ownUser: sandlot_peer_is_own_user(peer) != 0
        case .listening, .door, .connected, .standardStreams, .root: true
        }
    }

    /// Without a free descriptor the poller would tell of the same connection for ever.
    private func pauseListening() {
        listener?.want(0)
        _ = loop.after(100) { [weak self] in self?.listener?.want(SANDLOT_READABLE) }
    }

    private func open(reading: Int32, writing: Int32) {
        let channel = Channel(number: nextChannel, reading: reading, writing: writing, server: self)
        channels[nextChannel] = channel
        nextChannel &+= 1
    }

    func channelClosed(_ channel: Channel) {
        channels[channel.number] = nil
        switch options.endpoint {
        case .listening, .door, .root: return
        case .abstract, .ownUser:
            guard options.endsWithFirstChannel, channel.number == 1 else { return }
        case .connected, .standardStreams: break
        }
        // The one host, or whoever held the sandbox's life, is gone for good.
        shutDown(grace: 0)
    }

    func needsFlush(_ channel: Channel) { dirty.append(channel) }

    private func flush() {
        while !dirty.isEmpty {
            let batch = dirty
            dirty = []
            for channel in batch { channel.flush() }
        }
        if let shutdown, shutdown.isFinished, channels.values.allSatisfy(\.isFlushed) { loop.stop() }
    }

    // MARK: Execs

    func start(_ start: ExecStart, channel: Channel, stream: UInt32) throws(GuestFailure) {
        guard shutdown == nil else { throw GuestFailure(.denied, message: "the sandbox is shutting down") }
        try execs.admit(start.id)
        let plan = try CommandPlan(start, defaultDirectory: workingDirectory, users: users)
        let exec = try Exec(start, plan: plan, server: self)
        execs.add(exec)
        let subscription = Subscription(exec, stream: stream, channel: channel)
        channel.follow(subscription)
        exec.subscribe(subscription)
    }

    func attach(_ id: String, standardOutput: UInt64, standardError: UInt64, channel: Channel, stream: UInt32) throws(GuestFailure) {
        let exec = try execs.find(id)
        guard standardOutput <= exec.standardOutput.ring.end, standardError <= exec.standardError.ring.end else {
            throw GuestFailure(.invalidArgument, message: "an offset is beyond what the exec has written")
        }
        guard (exec.input?.buffered ?? 0) < ExecInput.limit - Int(InitialCredit.toGuest) else {
            throw GuestFailure(.limitExceeded, message: "the exec has too much unread input to take another writer")
        }
        let subscription = Subscription(
            exec, stream: stream, channel: channel, standardOutput: standardOutput, standardError: standardError)
        channel.follow(subscription)
        if exec.hasStarted { subscription.send(.response(.started(pid: exec.pid))) }
        exec.subscribe(subscription)
        if !exec.standardOutput.discards { exec.acknowledge(standardOutput: standardOutput, standardError: standardError) }
        subscription.pump()
    }

    func signal(_ id: String, signal: Int32, wholeTree: Bool) throws(GuestFailure) {
        guard signal >= 0, signal <= 64 else { throw GuestFailure(.invalidArgument, message: "no signal has the number \(signal)") }
        let exec = try execs.find(id)
        guard exec.signal(signal, wholeTree: wholeTree) else {
            throw GuestFailure(.notFound, errno: ESRCH, message: "the exec \(id) has no such process any more")
        }
    }

    func execFailedToStart(_ exec: Exec) {
        execs.remove(exec)
        checkShutdown()
    }

    func execEnded(_ exec: Exec) { execs.markEnded(exec) }

    func treeIsGone(_ exec: Exec) {
        execs.treeIsGone(exec)
        checkShutdown()
    }

    // MARK: Processes

    private func handleSignals() {
        guard let signals else { return }
        while true {
            switch sandlot_signals_next(signals.descriptor) {
            case 0: return
            case SIGCHLD: reap()
            case SIGHUP: break
            default: shutDown(grace: 1000)
            }
        }
    }

    /// Supervisors report through their sockets, so nobody needs these statuses.
    private func reap() {
        var status: Int32 = 0
        while sandlot_reap_one(&status) > 0 {}
    }

    /// A supervisor was killed: what it looked after has become the guest's, and ends now.
    func sweepOrphans() {
        guard !isSweeping else { return }
        isSweeping = true
        sweeps = 0
        sweep()
    }

    private func sweep() {
        sweeps += 1
        let supervisors = execs.alive.filter { !$0.isLost }.map(\.supervisorPid)
        // Stopping first beats what forks faster than it is killed.
        if sweeps > 3 { sandlot_signal_descendants(SIGSTOP, supervisors, supervisors.count) }
        let found = sandlot_signal_descendants(SIGKILL, supervisors, supervisors.count)
        reap()
        if found > 0, sweeps < 3000 {
            _ = loop.after(sweeps < 5 ? 1 : 10) { [weak self] in self?.sweep() }
            return
        }
        isSweeping = false
        for exec in execs.alive where exec.isLost { exec.orphansAreGone() }
    }

    // MARK: The end

    /// Kills everything within `grace` milliseconds, answers, and ends the loop.
    func shutDown(grace: UInt32, channel: Channel, stream: UInt32) {
        shutDown(grace: grace)
        if shutdown?.isFinished == true {
            channel.send(.response(.done), stream: stream)
        } else {
            shutdown?.waiting.append((channel.number, stream))
        }
    }

    private func shutDown(grace: UInt32) {
        if shutdown == nil { shutdown = Shutdown() }
        listener?.close()
        listener = nil
        lifeline?.close()
        lifeline = nil
        for exec in execs.alive { exec.terminate(.cancel, grace: grace) }
        checkShutdown()
    }

    private func checkShutdown() {
        guard let waiting = shutdown?.waiting, shutdown?.isFinished == false, execs.alive.isEmpty else { return }
        shutdown?.isFinished = true
        for (number, stream) in waiting { channels[number]?.send(.response(.done), stream: stream) }
        // A host that does not read its answer does not keep the guest.
        _ = loop.after(1000) { [weak self] in self?.loop.stop() }
        // Wakes the loop when nothing else does, so that it sees that everything is written.
        _ = loop.after(0) {}
    }

    // MARK: Start

    private func awaitBirth() throws(StartFailure) {
        guard let descriptor = options.birthDescriptor else { return }
        sandlot_set_close_on_exec(descriptor)
        var byte: UInt8 = 0
        while true {
            let got = read(descriptor, &byte, 1)
            if got == 1 { break }
            if got < 0, errno == EINTR { continue }
            // The host died before it wrote down that this sandbox exists.
            exit(0)
        }
        close(descriptor)
    }

    /// Before any other thread exists, for each has a filter of its own.
    private static func filterCalls() throws(StartFailure) {
        let capacity = 1024
        var length: Int32 = 0
        let program = [sock_filter](unsafeUninitializedCapacity: capacity) { buffer, count in
            length = sandlot_seccomp_default(buffer.baseAddress, capacity, 0)
            count = max(0, Int(length))
        }
        guard length > 0, sandlot_seccomp_install(program, UInt16(length)) == 0 else {
            throw StartFailure("cannot install the system call filter", errno: errno)
        }
    }

    private static func raiseDescriptorLimit() -> [sandlot_rlimit] {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return [] }
        let original = sandlot_rlimit(resource: 7, soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
        limit.rlim_cur = min(limit.rlim_max, 65536)
        return setrlimit(__rlimit_resource_t(7), &limit) == 0 ? [original] : []
    }

    private static func currentDirectory() -> [UInt8] {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { buffer in
            guard let base = buffer.baseAddress, getcwd(base, 4096) != nil else { return [UInt8(ascii: "/")] }
            return buffer.prefix(strlen(base)).map { UInt8(bitPattern: $0) }
        }
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}

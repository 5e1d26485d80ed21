internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// Reports changes of a file, of a directory, or of a tree, until the host closes the stream. Links are not followed, except the path itself.
///
/// Paths of events are absolute. A folder that appears in a watched tree is watched from then on, and what is already in it is reported as
/// created; so a node may be reported as created twice. Events that are lost are told by `overflow`. More directories than
/// `FileLimits.watches`, or than the kernel allows, end the watch with `limitExceeded`.
enum Watching {
    static func run(_ path: [UInt8], recursive: Bool, in conversation: Conversation) throws {
        try Paths.check(path)
        guard let status = Status(path, followsLinks: true) else { throw GuestFailure.last("watch", path) }
        let session = try WatchSession(root: path, recursive: recursive && status.kind == .directory)
        let wakeup = sandlot_wakeup_create()
        guard wakeup >= 0 else { throw GuestFailure.last("make a wake-up descriptor to watch", path) }
        let wakeupOwner = Descriptor(owning: wakeup)
        conversation.wake(wakeup)
        defer { conversation.wake(-1) }
        try session.start(conversation)
        try conversation.send(.response(.done))
        while true {
            var waits = [
                pollfd(fd: session.descriptor.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeupOwner.number, events: Int16(POLLIN), revents: 0),
            ]
            guard retrying({ poll(&waits, 2, -1) }) >= 0 else { throw GuestFailure.last("wait for changes of", path) }
            try conversation.checkStopped()
            if waits[0].revents != 0 { try session.read(conversation) }
        }
    }
}

/// One inotify instance and what its watches stand for. Used by one thread.
private final class WatchSession {
    let descriptor: Descriptor
    private let root: [UInt8]
    private let recursive: Bool
    private var paths: [Int32: [UInt8]] = [:]
    private var rootWatch: Int32 = -1
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var lastSent: WatchEvent?

    private static let changes =
        UInt32(IN_CREATE) | UInt32(IN_MODIFY) | UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO) | UInt32(IN_ATTRIB)

    init(root: [UInt8], recursive: Bool) throws {
        // IN_NONBLOCK and IN_CLOEXEC are these.
        let number = inotify_init1(O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { throw GuestFailure.last("make a watch of", root) }
        descriptor = Descriptor(owning: number)
        self.root = root
        self.recursive = recursive
    }

    func start(_ conversation: Conversation) throws {
        let flags = WatchSession.changes | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
        rootWatch = root.withPath { inotify_add_watch(descriptor.number, $0, flags) }
        guard rootWatch >= 0 else { throw failure(root) }
        paths[rootWatch] = root
        if recursive { try addTree(root, conversation, reportsContent: false) }
    }

    /// Watches every directory below `path`.
    private func addTree(_ path: [UInt8], _ conversation: Conversation, reportsContent: Bool) throws {
        guard let directory = Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY | (path == root ? 0 : O_NOFOLLOW)) else { return }
        let walker = TreeWalker(root: directory, label: path, unreadable: .skips)
        try walker.walk { node in
            try conversation.checkStopped()
            let full = path.appending(name: node.path)
            if node.kind == .directory { try add(full) }
            if reportsContent { send(WatchEvent(path: full, change: .created), conversation) }
            return .descend
        }
    }

    private func add(_ path: [UInt8]) throws {
        guard path.count < FileLimits.path else { return }
        let flags = WatchSession.changes | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW)
        let watch = path.withPath { inotify_add_watch(descriptor.number, $0, flags) }
        guard watch >= 0 else {
            if errno == ENOSPC || errno == ENOMEM { throw failure(path) }
            return  // It vanished, or may not be read.
        }
        paths[watch] = path
        guard paths.count <= FileLimits.watches else {
            throw GuestFailure(.limitExceeded, message: "a watch has at most \(FileLimits.watches) directories", path: root)
        }
    }

    /// ENOSPC of inotify means the number of watches, not the disk.
    private func failure(_ path: [UInt8]) -> GuestFailure {
        guard errno == ENOSPC else { return .last("watch", path) }
        return GuestFailure(
            .limitExceeded, errno: ENOSPC, message: "the kernel allows no more watches (fs.inotify.max_user_watches)", path: path)
    }

    func read(_ conversation: Conversation) throws {
        let count = buffer.withUnsafeMutableBytes { space in
            retrying { Glibc.read(descriptor.number, space.baseAddress, space.count) }
        }
        guard count > 0 else {
            if count < 0, errno != EAGAIN { throw GuestFailure.last("read changes of", root) }
            return
        }
        lastSent = nil
        var position = 0
        let header = MemoryLayout<inotify_event>.size
        while position + header <= count {
            let event = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self) }
            let nameEnd = min(position + header + Int(event.len), count)
            let name = Array(buffer[(position + header)..<nameEnd].prefix { $0 != 0 })
            position = nameEnd
            try handle(event, name, conversation)
        }
    }

    private func handle(_ event: inotify_event, _ name: [UInt8], _ conversation: Conversation) throws {
        let mask = event.mask
        func has(_ flag: some BinaryInteger) -> Bool { mask & UInt32(truncatingIfNeeded: flag) != 0 }
        if has(IN_Q_OVERFLOW) { return send(WatchEvent(path: root, change: .overflow), conversation) }
        guard let folder = paths[event.wd] else { return }
        if has(IN_IGNORED) {
            paths[event.wd] = nil
            return
        }
        if has(IN_DELETE_SELF) || has(IN_MOVE_SELF) { return send(WatchEvent(path: root, change: .removed), conversation) }
        // Events on a watched directory itself come a second time from its folder, except for the root.
        if name.isEmpty, event.wd != rootWatch { return }
        let path = name.isEmpty ? folder : folder.appending(name: name)
        let isDirectory = has(IN_ISDIR)
        if has(IN_MOVED_FROM), isDirectory { forget(path) }
        if has(IN_CREATE) || has(IN_MOVED_TO) {
            send(WatchEvent(path: path, change: .created), conversation)
            if recursive, isDirectory {
                try add(path)
                try addTree(path, conversation, reportsContent: true)
            }
        }
        // A file without a name, which is how contents are written before they get one, is told as `#` and its number.
        if name.first == UInt8(ascii: "#"), !has(IN_CREATE), !has(IN_DELETE), !has(IN_MOVED_FROM), !has(IN_MOVED_TO), !exists(path) {
            return
        }
        if has(IN_MODIFY) { send(WatchEvent(path: path, change: .modified), conversation) }
        if has(IN_ATTRIB) { send(WatchEvent(path: path, change: .attributes), conversation) }
        if has(IN_DELETE) || has(IN_MOVED_FROM) { send(WatchEvent(path: path, change: .removed), conversation) }
    }

    private func exists(_ path: [UInt8]) -> Bool {
        var status = stat()
        return path.withPath { lstat($0, &status) } == 0
    }

    /// Ends the watches of a directory that was moved away, and of all below it: their paths are no longer true.
    private func forget(_ path: [UInt8]) {
        let prefix = path + [slash]
        for (watch, watched) in paths where watched == path || watched.starts(with: prefix) {
            inotify_rm_watch(descriptor.number, watch)
            paths[watch] = nil
        }
    }

    /// Equal events in a row, as a file that is being written makes them, are told once per reading.
    private func send(_ event: WatchEvent, _ conversation: Conversation) {
        guard event != lastSent else { return }
        lastSent = event
        conversation.offer(event, overflowPath: root)
    }
}

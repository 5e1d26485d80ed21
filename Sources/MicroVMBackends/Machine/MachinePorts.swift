import Glibc
import GuestClient
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// The ways into a running machine. Each port carries one connection at a time and cannot tell who speaks, so whoever uses one holds its lock,
/// which the kernel takes from the dead; and each connection begins with a word that both sides know, so that nothing which was left of an
/// earlier one is taken for the new one's.
final class MachinePorts: Sendable {
    private struct Held {
        let lock: OwnedDescriptor
        weak var channel: GuestChannel?
    }

    let folder: MachineFolder
    private let keeper: ProcessKeeper
    private let held = Mutex<[Held]>([])

    /// What may lie before the answer: what the machine wrote for an earlier connection.
    private static let mostLeft = 4 << 20
    private static let answerDeadline = Duration.seconds(15)
    /// A machine that missed that the earlier connection has ended hears of it when this one ends.
    private static let attempts = 3

    init(_ folder: MachineFolder, keeper: ProcessKeeper) {
        self.folder = folder
        self.keeper = keeper
    }

    /// A new channel to the guest.
    func channel() async throws -> GuestChannel {
        var last: (any Error)?
        for attempt in 0..<Self.attempts {
            if attempt > 0 { try await Task.sleep(for: .milliseconds(100)) }
            let (port, lock) = try free()
            do {
                let conversation = try knock(port)
                _ = try await withDeadline(Self.answerDeadline, for: "the answer of the machine's port \(port)") {
                    try await conversation.answer("SANDLOT-OPEN")
                }
                let channel = try await GuestChannel.adopt(descriptor: try conversation.handOver())
                held.withLock { $0.append(Held(lock: lock, channel: channel)) }
                return channel
            } catch let error as SandboxError where error.code == .timeout {
                last = error
            }
        }
        throw SandboxError(
            .unavailable, "the machine's guest does not answer", remedy: "see what it runs, or destroy the sandbox", cause: last)
    }

    /// Speaks with a machine that is no sandbox yet: over its first port, which nobody else uses then.
    func first() throws -> PortConversation {
        try markUsed(try lock(0))
        return try knock(0)
    }

    private func knock(_ port: Int) throws -> PortConversation {
        let nonce = (0..<4).map { _ in String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16) }.joined()
        let socket = try UnixSocket.connect(to: MachineFolder.socketName(port), in: folder.path)
        // The line feed ends whatever was left half said.
        try socket.write(Array("\nSANDLOT-KNOCK \(nonce)\n".utf8))
        return PortConversation(socket: socket, nonce: nonce, keeper: keeper, mostLeft: Self.mostLeft)
    }

    /// The port that nobody uses and whose last use began longest ago: a machine may notice late that a connection has ended, and not at all
    /// where the next one follows at once.
    private func free() throws -> (Int, OwnedDescriptor) {
        held.withLock { held in held.removeAll { $0.channel.map { $0.endReason != nil } ?? true } }
        let locks = try (0..<MachineShape.ports).map { port in
            let lock = try lock(port)
            var status = stat()
            guard fstat(lock.raw, &status) == 0 else { throw SandboxError.system("looking at \(folder.lock(port))", errno) }
            return (port, lock, status.st_mtim)
        }
        func isEarlier(_ left: timespec, _ right: timespec) -> Bool { (left.tv_sec, left.tv_nsec) < (right.tv_sec, right.tv_nsec) }
        for (port, lock, _) in locks.sorted(by: { isEarlier($0.2, $1.2) }) where flock(lock.raw, LOCK_EX | LOCK_NB) == 0 {
            try markUsed(lock)
            return (port, lock)
        }
        throw SandboxError(
            .limitExceeded, "all \(MachineShape.ports) channels to the machine are in use",
            remedy: "end some of the processes that use this sandbox")
    }

    private func lock(_ port: Int) throws -> OwnedDescriptor {
        let path = folder.lock(port).string
        var file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        if file < 0, errno == ENOENT {
            file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            // Never used.
            let never = [timespec(), timespec()]
            if file >= 0 { futimens(file, never) }
        }
        guard file >= 0 else { throw SandboxError.system("opening \(path)", errno) }
        return OwnedDescriptor(file)
    }

    private func markUsed(_ lock: OwnedDescriptor) throws {
        guard futimens(lock.raw, nil) == 0 else { throw SandboxError.system("marking a port as used", errno) }
    }
}

/// The words before a channel.
final class PortConversation: Sendable {
    private let socket: OwnedDescriptor
    private let nonce: String
    private let keeper: ProcessKeeper
    private let mostLeft: Int

    init(socket: OwnedDescriptor, nonce: String, keeper: ProcessKeeper, mostLeft: Int) {
        self.socket = socket
        self.nonce = nonce
        self.keeper = keeper
        self.mostLeft = mostLeft
    }

    func say(_ bytes: [UInt8]) throws { try socket.write(bytes) }

    /// Waits for the line with this word and our nonce, whatever comes before it.
    func answer(_ word: String) async throws {
        _ = try await line { $0 == "\(word) \(self.nonce)" }
    }

    /// Waits until the machine says that it has become a sandbox, or why not.
    func birth() async throws {
        let line = try await line { $0 == "SANDLOT-BORN" || $0.hasPrefix("SANDLOT-FAILED ") }
        guard line != "SANDLOT-BORN" else { return }
        let reason = line.dropFirst("SANDLOT-FAILED ".count).prefix(300).filter { !$0.isNewline && $0.isASCII }
        throw SandboxError(.unavailable, "the machine could not become a sandbox: \(reason)")
    }

    /// The next line that fits. Nothing follows it before we have spoken, so nothing is read beyond it.
    private func line(where fits: @escaping @Sendable (String) -> Bool) async throws -> String {
        var pending: [UInt8] = []
        var read = 0
        while true {
            try await keeper.waitUntilReadable(socket)
            guard let piece = try socket.readAvailable(limit: 4096) else { continue }
            guard !piece.isEmpty else { throw SandboxError(.unavailable, "the machine ended before it answered") }
            read += piece.count
            guard read <= mostLeft else {
                throw SandboxError(.protocolViolation, "the machine's port says all sorts of things but no answer")
            }
            pending += piece
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                // What was left of an earlier connection may stand before the word.
                if let start = line.firstRange(of: "SANDLOT-")?.lowerBound, fits(String(line[start...])) { return String(line[start...]) }
            }
            if pending.count > 64 << 10 { pending = Array(pending.suffix(512)) }
        }
    }

    /// The connection itself; the caller closes it.
    func handOver() throws -> Int32 {
        let copy = fcntl(socket.raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SandboxError.system("duplicating a descriptor", errno) }
        socket.close()
        return copy
    }

    func close() { socket.close() }
}

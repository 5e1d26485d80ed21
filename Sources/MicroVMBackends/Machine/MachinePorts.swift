import Glibc
import GuestClient
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// The ways into a running machine. Each port carries one connection at a time and cannot tell who speaks, so whoever uses one holds its lock,
/// which the kernel takes from the dead; and each connection begins with a word that both sides know, so that nothing which was left of an
/// earlier one is taken for the new one's.
final class MachinePorts: MachineEntrance {
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
    func first() async throws -> PortConversation {
        try markUsed(try lock(0))
        return try knock(0)
    }

    var offersLifeline: Bool { false }

    func lifeline() async throws -> OwnedDescriptor? { nil }

    private func knock(_ port: Int) throws -> PortConversation {
        let socket = try UnixSocket.connect(to: MachineFolder.socketName(port), in: folder.path)
        return try PortConversation(knockingAt: socket, keeper: keeper, mostLeft: Self.mostLeft)
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

import Glibc
import GuestClient
import SandboxCore
import SandboxProcess

/// The ways into a machine of Firecracker's: on the host one unix socket, which passes each connection on to the guest's port that it names.
struct MachineSockets: MachineEntrance {
    let folder: MachineFolder
    private let keeper: ProcessKeeper

    /// At which the guest listens; at the next one for the connection that it lives no longer than.
    static let port: UInt32 = 1024
    private static let answerDeadline = Duration.seconds(15)
    private static let pause = Duration.milliseconds(10)

    init(_ folder: MachineFolder, keeper: ProcessKeeper) {
        self.folder = folder
        self.keeper = keeper
    }

    func first() async throws -> PortConversation {
        try PortConversation(knockingAt: try await connect(Self.port), keeper: keeper, mostLeft: 64 << 10)
    }

    func channel() async throws -> GuestChannel {
        let socket = try await withDeadline(Self.answerDeadline, for: "the answer of the machine's guest") {
            try await patientlyConnect(Self.port)
        }
        let copy = fcntl(socket.raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SandboxError.system("duplicating a descriptor", errno) }
        socket.close()
        return try await GuestChannel.adopt(descriptor: copy)
    }

    var offersLifeline: Bool { true }

    func lifeline() async throws -> OwnedDescriptor? {
        try await withDeadline(Self.answerDeadline, for: "the answer of the machine's guest") {
            let socket = try await patientlyConnect(Self.port + 1)
            // The guest says with a byte that it holds on to it.
            _ = try await byte(from: socket)
            return socket
        }
    }

    /// The kernel refuses a connection while too many others wait to be accepted.
    private func patientlyConnect(_ port: UInt32) async throws -> OwnedDescriptor {
        while true {
            do {
                return try await connect(port)
            } catch let error as SandboxError where error.code == .unavailable && HostDirectory.exists(FirecrackerRoom(folder).path) {
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    /// One attempt: `unavailable` where the guest does not listen (yet).
    private func connect(_ port: UInt32) async throws -> OwnedDescriptor {
        let socket = try UnixSocket.connect(to: FirecrackerRoom.vsock, in: FirecrackerRoom(folder).path)
        try socket.write(Array("CONNECT \(port)\n".utf8))
        // Byte by byte: what follows the line is the guest's.
        var line: [UInt8] = []
        while true {
            let next = try await byte(from: socket)
            if next == UInt8(ascii: "\n") { break }
            line.append(next)
            guard line.count <= 32 else { throw SandboxError(.protocolViolation, "Firecracker answers a connection with too many words") }
        }
        guard line.starts(with: Array("OK ".utf8)) else {
            throw SandboxError(.protocolViolation, "Firecracker answers a connection with something else than OK")
        }
        return socket
    }

    private func byte(from socket: OwnedDescriptor) async throws -> UInt8 {
        while true {
            try await keeper.waitUntilReadable(socket)
            guard let piece = try socket.readAvailable(limit: 1) else { continue }
            guard let byte = piece.first else { throw SandboxError(.unavailable, "the machine's guest does not listen") }
            return byte
        }
    }
}

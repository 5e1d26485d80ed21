import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import MicroVMBackends

@Suite("The ports of a machine, whose other end may say anything", .timeLimit(.minutes(1)))
struct PortTests {
    private let nonce = "0123456789abcdef0123456789abcdef"

    /// A conversation and what the machine holds of it.
    private func conversation(mostLeft: Int = 64 << 10) throws -> (PortConversation, OwnedDescriptor) {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        try #require(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        let ours = PortConversation(
            socket: OwnedDescriptor(ends[0]), nonce: nonce, keeper: try ProcessKeeper(), mostLeft: mostLeft)
        return (ours, OwnedDescriptor(ends[1]))
    }

    @Test("what was left of an earlier connection is dropped, also where it has no end")
    func leftovers() async throws {
        let (ours, machine) = try conversation()
        try machine.write(Array("old\n\nSANDLOT-OPEN ffff\nhalf a frameSANDLOT-OPEN \(nonce)\n".utf8))
        try await ours.answer("SANDLOT-OPEN")
    }

    @Test("an answer with another nonce is none, and a machine that ends is told")
    func foreignAnswer() async throws {
        let (ours, machine) = try conversation()
        try machine.write(Array("SANDLOT-OPEN \(String(nonce.reversed()))\n".utf8))
        machine.close()
        let error = await #expect(throws: SandboxError.self) { try await ours.answer("SANDLOT-OPEN") }
        #expect(error?.code == .unavailable)
    }

    @Test("a machine that talks without end is not listened to for ever")
    func flood() async throws {
        let (ours, machine) = try conversation(mostLeft: 16 << 10)
        try machine.write([UInt8](repeating: UInt8(ascii: "x"), count: 20 << 10))
        let error = await #expect(throws: SandboxError.self) { try await ours.answer("SANDLOT-OPEN") }
        #expect(error?.code == .protocolViolation)
    }

    @Test("why a machine could not become a sandbox is told, without control characters")
    func failedBirth() async throws {
        let (ours, machine) = try conversation()
        try machine.write(Array("SANDLOT-FAILED cannot mount ext4\u{e9} (errno 22)\n".utf8))
        let error = await #expect(throws: SandboxError.self) { try await ours.birth() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("cannot mount ext4 (errno 22)") == true)
    }

    @Test("a port that somebody else uses is not touched, and when all are used that is told")
    func locks() async throws {
        let path = FilePath("/tmp/sandlot-ports-\(getpid())")
        try HostDirectory.create(path, mode: 0o700)
        let folder = MachineFolder(path: path, name: "sandlot-x")
        var locks: [OwnedDescriptor] = []
        for port in 0..<MachineShape.ports {
            let lock = OwnedDescriptor(open(folder.lock(port).string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
            try #require(flock(lock.raw, LOCK_EX | LOCK_NB) == 0)
            locks.append(lock)
        }
        let ports = MachinePorts(folder, keeper: try ProcessKeeper())
        let error = await #expect(throws: SandboxError.self) { _ = try await ports.channel() }
        #expect(error?.code == .limitExceeded)
        locks = []
        try await HostDirectory.remove(path)
    }
}

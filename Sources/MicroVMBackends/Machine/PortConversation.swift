import Glibc
import SandboxCore
import SandboxProcess

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

    /// Begins one with a word that nobody else knows.
    convenience init(knockingAt socket: OwnedDescriptor, keeper: ProcessKeeper, mostLeft: Int) throws {
        let nonce = (0..<4).map { _ in String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16) }.joined()
        // The line feed ends whatever was left half said.
        try socket.write(Array("\nSANDLOT-KNOCK \(nonce)\n".utf8))
        self.init(socket: socket, nonce: nonce, keeper: keeper, mostLeft: mostLeft)
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

internal import CSandlotMachine
internal import Glibc

/// The host's way to a machine that is not a sandbox yet: words over one port of a virtual console.
struct MachinePort {
    let descriptor: Int32
    private let watch: Int32
    private var pending: [UInt8] = []

    init(_ descriptor: Int32) throws(StartFailure) {
        self.descriptor = descriptor
        watch = sandlot_machine_watch_port(descriptor)
        guard watch >= 0 else { throw StartFailure("cannot watch the port", errno: errno) }
    }

    /// Answers knocks until somebody also says what the machine shall be.
    ///
    /// A host that knocked may go away (one that only wanted to see that the machine is up, or that froze it), so each knock begins anew.
    mutating func awaitBirth() throws(StartFailure) -> MachineBirth {
        var lines: [String]?
        while true {
            let line = try nextLine()
            if line.hasPrefix("SANDLOT-KNOCK ") {
                lines = []
                try say("SANDLOT-READY " + line.dropFirst("SANDLOT-KNOCK ".count))
            } else if line.isEmpty, let told = lines, !told.isEmpty {
                return try MachineBirth(told)
            } else if !line.isEmpty {
                lines?.append(line)
            }
        }
    }

    func say(_ word: String) throws(StartFailure) {
        let bytes = Array((word + "\n").utf8)
        let done = bytes.withUnsafeBytes { sandlot_machine_write_port(watch, descriptor, $0.baseAddress, $0.count) }
        guard done == 0 else { throw StartFailure("cannot write to the port", errno: errno) }
    }

    func stopWatching() { close(watch) }

    private mutating func nextLine() throws(StartFailure) -> String {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                return line
            }
            guard pending.count < MachineBirth.limit else { throw StartFailure("the host's line is too long") }
            var piece = [UInt8](repeating: 0, count: 4096)
            let got = piece.withUnsafeMutableBytes { sandlot_machine_read_port(watch, descriptor, $0.baseAddress, $0.count) }
            guard got > 0 else { throw StartFailure("cannot read from the port", errno: errno) }
            pending += piece[..<got]
        }
    }
}

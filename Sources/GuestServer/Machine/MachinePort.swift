internal import CSandlotMachine
internal import Glibc

/// The host's way to a machine that is not a sandbox yet: words over one port of a virtual console, or over one connection after the other.
struct MachinePort {
    private enum Way {
        /// A port, which outlives whoever speaks over it, and what tells of changes.
        case port(Int32, watch: Int32)
        /// Connections come from a listening socket; at most one at a time is listened to.
        case connections(Int32)
    }

    private let way: Way
    /// -1 while nobody is connected.
    private var connection: Int32 = -1
    private var pending: [UInt8] = []

    /// A port of a virtual console.
    init(port: Int32) throws(StartFailure) {
        let watch = sandlot_machine_watch_port(port)
        guard watch >= 0 else { throw StartFailure("cannot watch the port", errno: errno) }
        way = .port(port, watch: watch)
    }

    /// Whoever connects.
    init(listener: Int32) { way = .connections(listener) }

    /// Answers knocks until somebody also says what the machine shall be.
    ///
    /// A host that knocked may go away (one that only wanted to see that the machine is up, or that froze it), so each knock begins anew.
    mutating func awaitBirth() throws(StartFailure) -> MachineBirth {
        var lines: [String]?
        while true {
            let line = try nextLine()
            if line.hasPrefix("SANDLOT-KNOCK ") {
                lines = []
                try? say("SANDLOT-READY " + line.dropFirst("SANDLOT-KNOCK ".count))
            } else if line.isEmpty, let told = lines, !told.isEmpty {
                return try MachineBirth(told)
            } else if !line.isEmpty {
                lines?.append(line)
            }
        }
    }

    func say(_ word: String) throws(StartFailure) {
        let bytes = Array((word + "\n").utf8)
        let done = bytes.withUnsafeBytes { bytes in
            switch way {
            case .port(let port, let watch): sandlot_machine_write_port(watch, port, bytes.baseAddress, bytes.count) == 0
            case .connections: send(connection, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
            }
        }
        guard done else { throw StartFailure("cannot answer the host", errno: errno) }
    }

    /// Nothing is said over it any more; the port itself and the listening socket stay open.
    func end() {
        switch way {
        case .port(_, let watch): close(watch)
        case .connections: close(connection)
        }
    }

    private mutating func nextLine() throws(StartFailure) -> String {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                return line
            }
            guard pending.count < MachineBirth.limit else { throw StartFailure("the host's line is too long") }
            var piece = [UInt8](repeating: 0, count: 4096)
            let got = try read(&piece)
            pending += piece[..<got]
        }
    }

    private mutating func read(_ piece: inout [UInt8]) throws(StartFailure) -> Int {
        switch way {
        case .port(let port, let watch):
            let got = piece.withUnsafeMutableBytes { sandlot_machine_read_port(watch, port, $0.baseAddress, $0.count) }
            guard got > 0 else { throw StartFailure("cannot read from the port", errno: errno) }
            return got
        case .connections(let listener):
            while true {
                if connection < 0 {
                    connection = accept(listener, nil, nil)
                    guard connection >= 0 || errno == EINTR || errno == ECONNABORTED else {
                        throw StartFailure("cannot accept the host's connection", errno: errno)
                    }
                    continue
                }
                let got = Glibc.read(connection, &piece, piece.count)
                if got > 0 { return got }
                // The host has gone, or the machine was copied since: what was half said is nobody's.
                close(connection)
                connection = -1
                pending = []
            }
        }
    }
}

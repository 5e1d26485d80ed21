internal import CSandlotSystem
internal import Glibc

/// One connection to the guest of this sandbox over standard input and output, carried by a process that the sandbox's engine started.
///
/// For sandboxes that share no file and no kernel with the host: the engine's own way to start a process is the only way in.
public struct GuestRelay {
    private let name: String
    /// The guest may still be on its way to its socket when the engine says that it started.
    private static let attempts = 250
    private static let pause: UInt32 = 20_000

    /// Reads the arguments after `relay`.
    public init(_ arguments: some Collection<String>) throws(GuestOptions.UsageError) {
        let list = Array(arguments)
        guard list.count == 2, list[0] == "--to-abstract", !list[1].isEmpty else {
            throw GuestOptions.UsageError(message: "relay needs --to-abstract NAME")
        }
        name = list[1]
    }

    /// Passes bytes on until one side ends.
    public func run() throws(StartFailure) {
        sandlot_ignore_sigpipe()
        sandlot_protect_self()
        var socket: Int32 = -1
        for attempt in 0..<GuestRelay.attempts {
            if attempt > 0 { usleep(GuestRelay.pause) }
            socket = sandlot_connect_abstract(name)
            if socket >= 0 || errno != ECONNREFUSED { break }
        }
        guard socket >= 0 else { throw StartFailure("the guest of this sandbox does not listen", errno: errno) }
        guard sandlot_relay(STDIN_FILENO, STDOUT_FILENO, socket) == 0 else { throw StartFailure("cannot pass bytes on", errno: errno) }
    }
}

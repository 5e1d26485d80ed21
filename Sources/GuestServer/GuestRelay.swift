internal import CSandlotSystem
internal import Glibc

/// One connection to the guest of this sandbox over standard input and output, carried by a process that the sandbox's engine started.
///
/// For sandboxes that share no file and no kernel with the host: the engine's own way to start a process is the only way in.
public struct GuestRelay {
    private enum Target {
        /// A name without a file.
        case abstract(String)
        /// The absolute path of a socket.
        case path(String)
    }

    private let target: Target
    /// Lines of base 64 instead of bytes, for engines that carry only text.
    private let isText: Bool
    /// Milliseconds without a word of the host after which it counts as gone; 0 waits for ever.
    private let patience: Int32
    /// The guest may still be on its way to its socket when the engine says that it started.
    private static let attempts = 500
    private static let pause: UInt32 = 20_000

    /// Reads the arguments after `relay`.
    public init(_ arguments: some Collection<String>) throws(GuestOptions.UsageError) {
        var target: Target?
        var patience: Int32 = 0
        var isText = false
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--to-abstract": target = rest.popFirst().flatMap { $0.isEmpty ? nil : .abstract($0) }
            case "--to": target = rest.popFirst().flatMap { $0.hasPrefix("/") ? .path($0) : nil }
            case "--text": isText = true
            case "--patience":
                guard let seconds = rest.popFirst().flatMap({ Int32($0) }), (1...86_400).contains(seconds) else {
                    throw GuestOptions.UsageError(message: "--patience needs 1 to 86400 seconds")
                }
                patience = seconds * 1000
            default: throw GuestOptions.UsageError(message: "unknown argument \(argument)")
            }
        }
        guard let target else {
            throw GuestOptions.UsageError(message: "relay needs --to-abstract NAME, or --to and the absolute path of a socket")
        }
        self.target = target
        self.patience = patience
        self.isText = isText
    }

    /// Passes bytes on until one side ends, or the host is silent for too long.
    public func run() throws(StartFailure) {
        sandlot_ignore_sigpipe()
        sandlot_protect_self()
        let socket = try connect()
        guard sandlot_relay(STDIN_FILENO, STDOUT_FILENO, socket, isText ? 1 : 0, patience) == 0 else {
            throw StartFailure("cannot pass bytes on", errno: errno)
        }
    }

    private func connect() throws(StartFailure) -> Int32 {
        var number: Int32 = 0
        for attempt in 0..<GuestRelay.attempts {
            if attempt > 0 { usleep(GuestRelay.pause) }
            let socket: Int32
            switch target {
            case .abstract(let name): socket = sandlot_connect_abstract(name)
            case .path(let path): socket = try GuestRelay.connect(path)
            }
            if socket >= 0 { return socket }
            number = errno
            guard number == ECONNREFUSED || number == ENOENT || number == EINTR else { break }
        }
        throw StartFailure("the guest of this sandbox does not listen", errno: number)
    }

    /// A connected socket, or -1 and `errno`.
    private static func connect(_ path: String) throws(StartFailure) -> Int32 {
        var address = try SocketAddress(path)
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return -1 }
        if address.with({ Glibc.connect(socket, $0, $1) }) == 0 { return socket }
        let number = errno
        close(socket)
        errno = number
        return -1
    }
}

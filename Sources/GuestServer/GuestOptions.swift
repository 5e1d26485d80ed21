internal import CSandlotSystem
internal import Glibc

/// How the guest is to be reached, from its command line.
public struct GuestOptions: Equatable {
    /// Where its channels come from.
    public enum Endpoint: Equatable {
        /// Connections to an inherited listening socket.
        case listening(Int32)
        /// Connections to a name without a file, only by processes that were put into the sandbox from outside.
        case abstract(String)
        /// As `abstract`, but by whatever process of the guest's own user: for sandboxes whose maker cannot put processes in from outside.
        case ownUser(String)
        /// A unix socket at this path, where the host hands over the listening socket: for sandboxes that inherit nothing from the host.
        case door(String)
        /// One connected socket; the guest ends with it.
        case connected(Int32)
        /// Descriptors 0 and 1; the guest ends with them.
        case standardStreams
        /// Sockets that the guest opens itself, as root of a machine of its own.
        case root(Root)
    }

    /// What a guest that starts as root of its own machine prepares.
    public struct Root: Equatable {
        /// By number; never root.
        public struct User: Equatable {
            public var uid: UInt32
            public var gid: UInt32
        }

        /// A directory that it makes for its sockets, `guest` and `life`; nobody but root enters it. Nil where it was given sockets.
        public var door: String?
        /// Accepts its channels where no directory does.
        public var listener: Int32?
        /// Accepts the lifeline's connection where no directory does.
        public var lifeline: Int32?
        /// Who it is afterwards.
        public var user: User
        public var hostname: String?
        /// Made where they are missing, and given to the user.
        public var ownDirectories: [String] = []
        /// It ends with the first connection to `life`, or when nobody connects.
        public var hasLifeline = false
    }

    /// Where that count is read.
    public enum MemoryKillSource: Equatable {
        /// A control group's `memory.events` or `memory.oom_control`, open for reading.
        case descriptor(Int32)
        /// What is mounted here belongs to this sandbox alone.
        case controlGroups(String)
    }

    /// Why a command line was not understood.
    public struct UsageError: Error, Equatable {
        /// What is wrong with it.
        public let message: String
    }

    public var endpoint: Endpoint
    /// One byte is read from it before anything is served; its end means that nobody wants this guest.
    public var birthDescriptor: Int32?
    /// The guest ends when the other end of the door's connection closes: it lives no longer than the process that made it.
    public var endsWithDoor = false
    /// The guest ends with the first channel that it gets, which its maker keeps for nothing else.
    public var endsWithFirstChannel = false
    /// The guest puts itself and all commands under the standard system call filter, for sandboxes whose maker cannot do that.
    public var filtersCalls = false
    /// Where the kernel counts the sandbox's processes that it killed for want of memory; nil where nobody tells.
    public var memoryKills: MemoryKillSource?
    /// Processes and threads at once, this one included: for sandboxes that have no control group to count them.
    public var maximumProcesses: UInt32?
    /// Empty keeps the one that the guest is started in.
    public var workingDirectory = ""
    /// Only for people who look at the process list.
    public var sandbox = ""

    /// The process's own command line, also where there is no /proc to read it from.
    public static var commandLine: [String] {
        var count: Int32 = 0
        guard let list = sandlot_arguments(&count) else { return [] }
        return (0..<Int(count)).compactMap { list[$0].map { String(cString: $0) } }
    }

    /// Reads the arguments after `serve`.
    public init(_ arguments: some Collection<String>) throws(UsageError) {
        var endpoint: Endpoint?
        var door: String?
        var user: Root.User?
        var root = Root(user: Root.User(uid: 0, gid: 0))
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--listen-fd": endpoint = .listening(try GuestOptions.descriptor(&rest, argument))
            case "--door": endpoint = .door(try GuestOptions.value(&rest, argument))
            case "--listen-abstract": endpoint = .abstract(try GuestOptions.value(&rest, argument))
            case "--listen-own": endpoint = .ownUser(try GuestOptions.value(&rest, argument))
            case "--end-with-first": endsWithFirstChannel = true
            case "--end-with-door": endsWithDoor = true
            case "--filter-calls": filtersCalls = true
            case "--connect-fd": endpoint = .connected(try GuestOptions.descriptor(&rest, argument))
            case "--stdio": endpoint = .standardStreams
            case "--listen-in": door = try GuestOptions.value(&rest, argument)
            case "--become": user = try GuestOptions.user(&rest, argument)
            case "--hostname": root.hostname = try GuestOptions.value(&rest, argument)
            case "--own": root.ownDirectories.append(try GuestOptions.value(&rest, argument))
            case "--lifeline": root.hasLifeline = true
            case "--lifeline-fd":
                root.hasLifeline = true
                root.lifeline = try GuestOptions.descriptor(&rest, argument)
            case "--birth-fd": birthDescriptor = try GuestOptions.descriptor(&rest, argument)
            case "--memory-events-fd": memoryKills = .descriptor(try GuestOptions.descriptor(&rest, argument))
            case "--own-cgroups": memoryKills = .controlGroups(try GuestOptions.value(&rest, argument))
            case "--max-processes":
                guard let count = UInt32(try GuestOptions.value(&rest, argument)), count > 0 else {
                    throw UsageError(message: "\(argument) needs a positive number")
                }
                maximumProcesses = count
            case "--cwd": workingDirectory = try GuestOptions.value(&rest, argument)
            case "--sandbox": sandbox = try GuestOptions.value(&rest, argument)
            // Whether it is process 1 the guest sees for itself; the word is for people who look at the process list.
            case "--no-pid1": break
            default: throw UsageError(message: "unknown argument \(argument)")
            }
        }
        if door != nil, user == nil { throw UsageError(message: "--listen-in needs --become") }
        if let user {
            root.user = user
            root.door = door
            if door == nil {
                guard case .listening(let descriptor) = endpoint else {
                    throw UsageError(message: "--become needs --listen-in or --listen-fd")
                }
                root.listener = descriptor
                guard !root.hasLifeline || root.lifeline != nil else { throw UsageError(message: "--lifeline needs --listen-in") }
            }
            endpoint = .root(root)
        }
        guard let endpoint else {
            throw UsageError(
                message: "one of --listen-fd, --listen-abstract, --listen-own, --listen-in, --door, --connect-fd and --stdio is needed")
        }
        self.endpoint = endpoint
    }

    private static func value(_ rest: inout ArraySlice<String>, _ name: String) throws(UsageError) -> String {
        guard let value = rest.popFirst() else { throw UsageError(message: "\(name) needs a value") }
        return value
    }

    private static func user(_ rest: inout ArraySlice<String>, _ name: String) throws(UsageError) -> Root.User {
        let parts = try value(&rest, name).split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard parts.count == 2, let uid = parts[0], let gid = parts[1], uid > 0, gid > 0 else {
            throw UsageError(message: "\(name) needs UID:GID, neither of them 0")
        }
        return Root.User(uid: uid, gid: gid)
    }

    private static func descriptor(_ rest: inout ArraySlice<String>, _ name: String) throws(UsageError) -> Int32 {
        guard let number = Int32(try value(&rest, name)), number >= 0, fcntl(number, F_GETFD) >= 0 else {
            throw UsageError(message: "\(name) needs the number of an open descriptor")
        }
        return number
    }
}

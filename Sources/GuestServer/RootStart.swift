internal import CSandlotSystem
internal import Glibc

/// What a guest does before it serves when it is started as root in a machine of its own: it names the machine, makes what its user shall
/// own, opens its sockets where only root comes, and then is root no more.
///
/// A virtual machine's engine hands no descriptor to the first process and knows no host name but the container's, so the guest, which is
/// that first process, does both itself.
struct RootStart {
    /// Accepts channels.
    let listener: Int32
    /// Accepts the one connection that the guest lives no longer than, where that was asked for.
    let lifeline: Int32?

    init(_ options: GuestOptions.Root) throws(StartFailure) {
        if let name = options.hostname, sethostname(name, name.utf8.count) != 0 {
            throw StartFailure("cannot name the machine \(name)", errno: errno)
        }
        for directory in options.ownDirectories { try RootStart.own(directory, options.user) }
        if let door = options.door {
            guard mkdir(door, 0o700) == 0 else { throw StartFailure("cannot make \(door)", errno: errno) }
            listener = try RootStart.listen(door + "/guest")
            lifeline = options.hasLifeline ? try RootStart.listen(door + "/life") : nil
        } else {
            guard let given = options.listener else { throw StartFailure("nothing says where to listen") }
            listener = given
            lifeline = options.lifeline
        }
        try RootStart.become(options.user)
    }

    /// Makes the directory, and those above it, where they are missing; the last one is the user's alone.
    private static func own(_ path: String, _ user: GuestOptions.Root.User) throws(StartFailure) {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/" + part
            guard mkdir(prefix, 0o755) == 0 || errno == EEXIST else { throw StartFailure("cannot make \(prefix)", errno: errno) }
        }
        // An image may bring a link of that name, which is not followed.
        guard lchown(prefix, user.uid, user.gid) == 0 else { throw StartFailure("cannot give away \(prefix)", errno: errno) }
    }

    private static func listen(_ path: String) throws(StartFailure) -> Int32 {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw StartFailure("cannot make a socket", errno: errno) }
        var address = try SocketAddress(path)
        guard address.with({ bind(socket, $0, $1) }) == 0, Glibc.listen(socket, 128) == 0 else {
            throw StartFailure("cannot listen at \(path)", errno: errno)
        }
        return socket
    }

    /// Changing all three numbers of a user that is not root takes every capability away.
    private static func become(_ user: GuestOptions.Root.User) throws(StartFailure) {
        guard setgroups(0, nil) == 0, setgid(user.gid) == 0, setuid(user.uid) == 0 else {
            throw StartFailure("cannot become user \(user.uid)", errno: errno)
        }
        guard setuid(0) != 0, geteuid() == user.uid, getegid() == user.gid else {
            throw StartFailure("is still root", errno: EPERM)
        }
    }
}

/// The address of a unix socket.
struct SocketAddress {
    private var address = sockaddr_un()

    init(_ path: String) throws(StartFailure) {
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw StartFailure("the socket's path \(path) is too long", errno: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    mutating func with(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}

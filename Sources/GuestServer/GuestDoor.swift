internal import CSandlotSystem
internal import Glibc

/// The place where a guest that inherited nothing gets its listening socket from the host.
///
/// The socket itself lies outside of the sandbox, where nothing inside can find or replace it. That the host hands it over also is the
/// permission to begin.
struct GuestDoor {
    let descriptor: Int32

    init(_ path: String) throws(StartFailure) {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw StartFailure("cannot make a socket", errno: errno) }
        var address = try SocketAddress(path)
        let connected = address.with { connect(socket, $0, $1) }
        guard connected == 0 else { throw StartFailure("nobody is at the door \(path)", errno: errno) }
        descriptor = socket
    }

    /// Waits for the host. When it goes away without a word nobody wants this guest, and the process ends.
    func receiveListener() throws(StartFailure) -> Int32 {
        let listener = sandlot_receive_descriptor(descriptor)
        if listener >= 0 { return listener }
        if errno == ENODATA { exit(0) }
        throw StartFailure("the host did not hand over the listening socket", errno: errno)
    }

    func close() { _ = Glibc.close(descriptor) }
}

import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The host's side of the door through which a container's guest gets its listening socket.
///
/// A container inherits no descriptor from us. So the guest comes to a socket in a directory that the container sees read-only, and there is
/// handed the listening socket. Its path lies outside: nothing inside can find, replace or redirect what we connect to later. Nobody else
/// reaches the door, for its parent directory is ours alone.
struct GuestDoorway: Sendable {
    let folder: ContainerFolder
    private let listener: OwnedDescriptor
    private let door: OwnedDescriptor

    /// Makes both sockets.
    init(_ folder: ContainerFolder) throws {
        self.folder = folder
        listener = try Descriptors.listener(in: folder.path, name: ContainerFolder.socketName)
        door = try Descriptors.listener(in: folder.door, name: "socket")
        guard chmod(folder.door.appending("socket").string, 0o666) == 0 else {
            throw SandboxError.system("opening the guest's door", errno)
        }
        guard sandlot_set_nonblocking(door.raw) == 0 else { throw SandboxError.system("preparing the guest's door", errno) }
    }

    /// Waits for the guest and hands the listening socket over. The result is the connection to the guest: what is told to live no longer
    /// than its maker ends when this closes.
    func admit(_ keeper: ProcessKeeper) async throws -> OwnedDescriptor {
        while true {
            try await keeper.waitUntilReadable(door)
            let guest = OwnedDescriptor(sandlot_accept(door.raw))
            guard guest.raw >= 0 else {
                if errno == EAGAIN || errno == EINTR || errno == ECONNABORTED { continue }
                throw SandboxError.system("letting the guest in", errno)
            }
            guard sandlot_send_descriptor(guest.raw, listener.raw) == 0 else {
                throw SandboxError.system("handing over the guest's socket", errno)
            }
            door.close()
            listener.close()
            unlink(folder.door.appending("socket").string)
            return guest
        }
    }
}

import CSandlotSystem
import Glibc
import SandboxProcess
public import SystemPackage

/// The container that Sandlot runs in itself. What an engine outside is told to mount it looks for among its own files, not among ours.
public struct OwnContainer: Sendable {
    /// What the container may be called: ids of 64 digits that the kernel shows, and its host name.
    public var ids: [String]
    public var hostname: String
    /// Whether an engine that listens at this socket has the same files as we: it runs in this container too.
    public var sharesFiles: @Sendable (FilePath) -> Bool

    /// Creates a description.
    public init(ids: [String], hostname: String, sharesFiles: @escaping @Sendable (FilePath) -> Bool) {
        self.ids = ids
        self.hostname = hostname
        self.sharesFiles = sharesFiles
    }

    /// This process' own, or nil: engines leave a mark in every container.
    public static func current() -> OwnContainer? {
        guard ["/.dockerenv", "/run/.containerenv"].contains(where: { HostDirectory.exists(FilePath($0)) }) else { return nil }
        var ids: [String] = []
        for file in ["/proc/self/mountinfo", "/proc/self/cgroup"] {
            let text = String(decoding: (try? HostDirectory.contents(FilePath(file), limit: 4 << 20)) ?? [], as: UTF8.self)
            for id in hexadecimal(text) where !ids.contains(id) { ids.append(id) }
        }
        let name = (try? HostDirectory.contents("/proc/sys/kernel/hostname")) ?? []
        return OwnContainer(ids: ids, hostname: String(decoding: name.filter { $0 > 32 }, as: UTF8.self)) { listenerSharesRoot($0) }
    }

    /// Runs of exactly 64 digits, as in `/var/lib/docker/containers/ID/hostname` and `docker-ID.scope`.
    static func hexadecimal(_ text: String) -> [String] {
        text.split { !($0.isASCII && ($0.isNumber || ("a"..."f").contains($0))) }.filter { $0.utf8.count == 64 }.map(String.init)
    }

    /// The process that listens is one that we see, and its root directory is ours.
    private static func listenerSharesRoot(_ socket: FilePath) -> Bool {
        let connection = OwnedDescriptor(Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard connection.raw >= 0, socket.length < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.string.utf8) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // The kernel's `ucred`: process, user, group. The process is 0 when it is one that we cannot see.
        var peer: [Int32] = [0, 0, 0]
        var length = socklen_t(12)
        guard connected == 0, getsockopt(connection.raw, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0, peer[0] > 0 else { return false }
        var own = stat()
        var theirs = stat()
        return stat("/", &own) == 0 && stat("/proc/\(peer[0])/root/", &theirs) == 0 && own.st_dev == theirs.st_dev
            && own.st_ino == theirs.st_ino
    }
}

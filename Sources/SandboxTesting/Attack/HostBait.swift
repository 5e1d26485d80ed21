#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import SandboxCore
import SystemPackage

/// What is put down on the host for attacks to look for: a file that everybody may read, and sockets that nobody should reach. The kernel
/// completes connections to a socket that listens, so nobody needs to accept them.
final class HostBait {
    /// What the guest's program is told.
    private(set) var arguments: [String] = []
    private let folder: FilePath
    private var sockets: [Int32] = []

    init(in scratch: FilePath) throws {
        folder = try HostScratch.makeDirectory(in: scratch)
        let file = folder.appending("secret")
        try HostScratch.write("host\n", to: file)
        arguments = ["host-file=\(file)", "host-process=\(getpid())"]
        if let name = HostScratch.read("/proc/self/comm") { arguments.append("host-name=\(name.prefix { $0 != "\n" })") }
        let socket = folder.appending("socket")
        if listen(atPath: Array(socket.string.utf8)) {
            chmod(socket.string, 0o777)
            arguments.append("host-socket=\(socket)")
        }
        #if os(Linux)
            let name = "sandlot-attack-" + OwnerLabel.random().rawValue
            if listen(atPath: [0] + Array(name.utf8)) { arguments.append("host-abstract=\(name)") }
        #endif
        if let port = listen(at: in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)) { arguments.append("host-loopback-port=\(port)") }
        if let address = Self.ownAddress(), let port = listen(at: address) {
            arguments += ["host-address=\(Self.text(address))", "host-address-port=\(port)"]
        }
    }

    /// The file as it is now; attacks must leave it as it was.
    var isUntouched: Bool { HostScratch.read(folder.appending("secret")) == "host\n" }

    /// Takes everything away.
    func remove() {
        for socket in sockets { close(socket) }
        sockets = []
        for name in ["secret", "socket"] { HostScratch.removeFile(folder.appending(name)) }
        HostScratch.removeDirectory(folder)
    }

    private func listen(atPath path: [UInt8]) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let size = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path) + path.count
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { listen(AF_UNIX, $0, socklen_t(size)) != nil }
        }
    }

    /// Listens at a free port.
    private func listen(at host: in_addr) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = host
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                guard let socket = listen(AF_INET, place, size), getsockname(socket, place, &size) == 0 else { return nil }
                return UInt16(bigEndian: pointer.pointee.sin_port)
            }
        }
    }

    private func listen(_ family: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32? {
        #if os(Linux)
            let socket = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let socket = socket(family, SOCK_STREAM, 0)
        #endif
        guard socket >= 0 else { return nil }
        guard bind(socket, address, size) == 0, Self.listens(socket) else {
            close(socket)
            return nil
        }
        sockets.append(socket)
        return socket
    }

    private static func listens(_ socket: Int32) -> Bool {
        #if canImport(Glibc)
            Glibc.listen(socket, 16) == 0
        #elseif canImport(Musl)
            Musl.listen(socket, 16) == 0
        #else
            Darwin.listen(socket, 16) == 0
        #endif
    }

    /// An address of this machine that is not its loopback's.
    private static func ownAddress() -> in_addr? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else { continue }
            let host = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
            if UInt32(bigEndian: host.s_addr) >> 24 != 127 { return host }
        }
        return nil
    }

    private static func text(_ address: in_addr) -> String {
        let number = UInt32(bigEndian: address.s_addr)
        return [24, 16, 8, 0].map { "\(number >> UInt32($0) & 0xFF)" }.joined(separator: ".")
    }
}

import Foundation
import Glibc
import SystemPackage
import Testing

/// A port of this machine that leads to a unix socket; the end of each direction is passed on by itself.
final class SocketRelay: Sendable {
    let port: UInt16
    private let listener: Int32

    init(to path: FilePath) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(listener >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            while true {
                let near = accept(listener, nil, nil)
                guard near >= 0 else { return }
                _ = fcntl(near, F_SETFD, FD_CLOEXEC)
                guard let far = Self.connect(path) else {
                    close(near)
                    continue
                }
                Self.join(near, far)
            }
        }
    }

    /// Nobody new is let in; what is connected goes on.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func connect(_ path: FilePath) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        if isConnected { return descriptor }
        close(descriptor)
        return nil
    }

    private static func join(_ near: Int32, _ far: Int32) {
        let ends = DispatchGroup()
        for (from, to) in [(near, far), (far, near)] {
            ends.enter()
            Thread.detachNewThread {
                copy(from, to)
                ends.leave()
            }
        }
        Thread.detachNewThread {
            ends.wait()
            close(near)
            close(far)
        }
    }

    private static func copy(_ from: Int32, _ to: Int32) {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(from, &bytes, bytes.count)
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let put = bytes.withUnsafeBytes { send(to, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL)) }
                guard put > 0 else { break }
                sent += put
            }
            guard sent == count else { break }
        }
        shutdown(to, Int32(SHUT_WR))
        shutdown(from, Int32(SHUT_RD))
    }
}

import Glibc
import SandboxCore
import SandboxEngine
import Testing

/// A socket in the hands of a client that keeps no rules.
final class RawConnection: Sendable {
    private let socket: Int32

    init(port: Int) throws {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        try #require(getaddrinfo("localhost", String(port), &hints, &found) == 0)
        let list = found
        defer { freeaddrinfo(list) }
        var connected: Int32 = -1
        // The name may stand for both protocols' loopbacks; the server listens on one of them.
        while let address = found, connected < 0 {
            let one = Glibc.socket(address.pointee.ai_family, Int32(SOCK_STREAM.rawValue), 0)
            if connect(one, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 { connected = one } else { close(one) }
            guard let next = address.pointee.ai_next else { break }
            found = next
        }
        try #require(connected >= 0)
        socket = connected
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// What did not happen within this connection's time limit.
    struct TooLate: Error { let what: String }

    /// False when the other end has closed the connection.
    @discardableResult
    func send(_ text: String) throws -> Bool {
        var left = Array(text.utf8)
        while !left.isEmpty {
            let count = Glibc.send(socket, left, left.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EAGAIN { throw TooLate(what: "nothing is read and nothing closed") }
            if count < 0 { return false }
            left.removeFirst(count)
        }
        return true
    }

    func halfClose() { shutdown(socket, Int32(SHUT_WR)) }

    /// Up to so many bytes; empty when the other end has closed the connection or broken it off.
    func receive(_ count: Int = 65_536) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let received = recv(socket, &buffer, count, 0)
        if received < 0, errno == EAGAIN { throw TooLate(what: "nothing is sent and nothing closed") }
        return Array(buffer.prefix(max(0, received)))
    }

    /// Everything until the other end closes.
    func receiveAll() throws -> String {
        var all: [UInt8] = []
        while case let piece = try receive(), !piece.isEmpty { all += piece }
        return String(decoding: all, as: UTF8.self)
    }

    func receive(until text: String) throws -> String {
        var all = ""
        while !all.contains(text), case let piece = try receive(), !piece.isEmpty { all += String(decoding: piece, as: UTF8.self) }
        return all
    }
}

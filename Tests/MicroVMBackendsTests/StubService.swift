import Foundation
import Glibc
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

@testable import MicroVMBackends

/// A unix socket in a folder of its own, served by threads; what is done with a connection is the test's.
final class StubService: Sendable {
    let folder: FilePath
    private let listener: OwnedDescriptor

    /// - Parameter serve: is handed each connection, on a thread of its own; it is closed afterwards.
    init(_ name: String, serve: @escaping @Sendable (Int32) -> Void) throws {
        folder = FilePath(RealMachine.variables["TMPDIR"] ?? "/tmp").appending("sandlot-stub-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.create(folder, mode: 0o700)
        listener = try Descriptors.listener(in: folder, name: name)
        let accepting = listener
        Thread.detachNewThread {
            while true {
                let connection = accept(accepting.raw, nil, nil)
                guard connection >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                Thread.detachNewThread {
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    func stop() async throws {
        shutdown(listener.raw, Int32(SHUT_RDWR))
        try await HostDirectory.remove(folder)
    }
}

/// An API that answers each request as the published description says, or with what a test wants.
final class StubFirecracker: Sendable {
    struct Request: Equatable {
        var line: String
        var body: String
    }

    private let state = Mutex<(seen: [Request], complaints: [String])>(([], []))
    /// What it answers; nil leaves it to the description.
    private let answer: (status: Int, body: String)?

    init(answer: (status: Int, body: String)? = nil) { self.answer = answer }

    var seen: [Request] { state.withLock { $0.seen } }
    var complaints: [String] { state.withLock { $0.complaints } }

    func serve(_ connection: Int32) {
        var pending: [UInt8] = []
        while let request = Self.request(connection, &pending) {
            let words = request.head.split(separator: " ").map(String.init)
            guard words.count >= 2 else { return }
            let complaint = PublishedAPI.complaint(words[0], words[1], request.body)
            state.withLock { state in
                state.seen.append(Request(line: "\(words[0]) \(words[1])", body: String(decoding: request.body, as: UTF8.self)))
                if let complaint { state.complaints.append(complaint) }
            }
            let told = answer ?? (complaint.map { (400, "{\"fault_message\": \"\($0)\"}") } ?? (204, ""))
            let text = "HTTP/1.1 \(told.status) Told\r\nContent-Length: \(told.body.utf8.count)\r\n\r\n\(told.body)"
            _ = Array(text.utf8).withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
        }
    }

    private static func request(_ connection: Int32, _ pending: inout [UInt8]) -> (head: String, body: [UInt8])? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = pending.firstRange(of: end) {
                let head = String(decoding: pending[..<range.lowerBound], as: UTF8.self)
                let lengths = head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("content-length:") }
                let length = lengths.first.flatMap { Int($0.drop { $0 != ":" }.dropFirst().filter { $0 != " " }) } ?? 0
                if pending.count >= range.upperBound + length {
                    let body = Array(pending[range.upperBound..<range.upperBound + length])
                    pending.removeFirst(range.upperBound + length)
                    return (head.split(separator: "\r\n").first.map(String.init) ?? "", body)
                }
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let got = read(connection, &piece, piece.count)
            guard got > 0 else { return nil }
            pending += piece[..<got]
        }
    }
}

import Foundation
import GuestClient
import SandboxCore
import SandboxHTTP
import Synchronization

/// A channel over the standard streams of a relay process: its output is a stream, its input are calls, one after the other.
final class E2BRelay: GuestCarrier {
    private let process: UInt32
    private let calls: CloudCalls
    private let stream: Mutex<E2BProcessStream?>
    private let lastWords = Mutex(LastWords())

    init(process: UInt32, stream: E2BProcessStream, calls: CloudCalls) {
        self.process = process
        self.calls = calls
        self.stream = Mutex(stream)
    }

    func send(_ bytes: [UInt8]) async throws {
        let message = E2BMessage.Input(process: .init(pid: process), input: .init(stdin: Data(bytes)))
        // Never twice: a piece that came twice would not be what the guest was told.
        _ = try await calls.send(try CloudJSON.call(.post, "/process.Process/SendInput", message), .onlyWhenRefused)
    }

    func receive() async throws -> [UInt8]? {
        while let stream = stream.withLock({ $0 }) {
            guard let event = try await stream.next() else { break }
            if let errors = event.data?.stderr { lastWords.withLock { $0.add(errors) } }
            if let output = event.data?.stdout, !output.isEmpty { return Array(output) }
            guard event.end != nil else { continue }
            let words = String(decoding: lastWords.withLock { $0.bytes }, as: UTF8.self)
            if let ending = LastWords.relayEnded(words, backend: calls.backend) { throw ending }
            return nil
        }
        return nil
    }

    func close() {
        guard
            stream.withLock({ stream in
                defer { stream = nil }
                return stream != nil
            })
        else { return }
        // Nobody waits for it: a relay whose end this call does not bring ends by itself when nothing comes any more.
        Task { [calls, process] in
            guard
                let call = try? CloudJSON.call(
                    .post, "/process.Process/SendSignal", E2BMessage.Signal(process: .init(pid: process)), deadline: .seconds(10))
            else { return }
            _ = try? await calls.send(call, .onlyWhenRefused)
        }
    }
}

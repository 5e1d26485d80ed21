import SandboxCore
import Synchronization

/// Tells a client how a call comes along. What it tells only rises, and it is told at most a few times a second, whatever the command prints.
struct ProgressReport: Sendable {
    private static let interval = Duration.milliseconds(250)
    private static let heartbeat = Duration.seconds(5)

    let token: RPCID
    let notify: MCPServer.Notify

    private let start = ContinuousClock.now

    init(token: RPCID, notify: @escaping MCPServer.Notify) {
        self.token = token
        self.notify = notify
    }

    /// Tells the news until cancelled: when there are some, and now and then without, so that a client's time limit sees life.
    func tell(_ news: LatestOutput) async {
        var last = start
        while (try? await Task.sleep(for: Self.interval)) != nil {
            let now = ContinuousClock.now
            let line = news.take()
            guard line != nil || now - last >= Self.heartbeat else { continue }
            last = now
            await send(line ?? "running for \((now - start).components.seconds) s, no new output")
        }
    }

    /// What was printed last of all.
    func finish(_ news: LatestOutput) async {
        if let line = news.take() { await send(line) }
    }

    private func send(_ message: String) async {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        await notify(
            RPCReply.notification(
                "notifications/progress", ["progressToken": token.json, "progress": .number(seconds), "message": .string(message)]))
    }
}

/// The end of what a command has printed last.
final class LatestOutput: Sendable {
    private static let limit = 500

    private let state = Mutex<(bytes: [UInt8], isNew: Bool)>(([], false))

    func add(_ bytes: [UInt8]) {
        state.withLock { state in
            state.bytes = Array((state.bytes + bytes.suffix(Self.limit)).suffix(Self.limit))
            state.isNew = true
        }
    }

    /// A whole line, which takes the place of the one before.
    func replace(_ line: [UInt8]) {
        state.withLock { $0 = (Array(line.prefix(Self.limit)), true) }
    }

    /// The newest text, if it was not taken before.
    func take() -> String? {
        let bytes: [UInt8]? = state.withLock { state in
            guard state.isNew else { return nil }
            defer { state = ([], false) }
            return state.bytes
        }
        return bytes.map { bytes in String(decoding: bytes.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self) }
    }
}

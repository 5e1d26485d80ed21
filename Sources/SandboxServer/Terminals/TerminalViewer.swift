import Logging
import NIOCore
import NIOWebSocket
import SandboxAPI
import SandboxCore
import SandboxEngine

/// One viewer of a terminal: output goes out as binary messages, input comes in as binary messages, everything else is JSON text.
///
/// Each viewer reads from the spool at its own pace, so any number of them see the same, and none holds the command or another viewer back.
struct TerminalViewer: Sendable {
    let engine: Engine
    let ticket: TerminalTicket
    let keepalive: Duration
    let logger: Logger

    /// Tells a viewer why it is not let in.
    static func refuse(_ socket: ServerSocket.Channel, _ error: any Error) async {
        // One that does not wait for the answer needs none.
        try? await socket.executeThenClose { _, outbound in
            let out = SocketOutput(outbound)
            let told = (error as? StatusError)?.failure ?? error
            try await out.text(.failure(ErrorBody.Failure(told)))
            try await out.close(.policyViolation)
        }
    }

    func run(_ socket: ServerSocket.Channel) async {
        do {
            try await socket.executeThenClose { inbound, outbound in
                let out = SocketOutput(outbound)
                do {
                    let exec = try await engine.attach(to: ticket.exec, from: OutputOffsets(standardOutput: ticket.offset))
                    let leaving = ConnectionWatch()
                    await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            try? await listen(inbound, exec, out)
                            leaving.gone()
                        }
                        group.addTask {
                            try await ConnectionWatch.$current.withValue(leaving) { try await show(exec, out) }
                        }
                        // The viewer's own going ends the showing; the end of the showing ends the listening.
                        _ = await group.nextResult()
                        leaving.gone()
                        group.cancelAll()
                    }
                    await exec.detach()
                    try await out.close(.normalClosure)
                } catch {
                    try await out.text(.failure(ErrorBody.Failure(error)))
                    try await out.close(.unexpectedServerError)
                }
            }
        } catch {
            logger.trace("a terminal's viewer went away", metadata: ["exec.id": "\(ticket.exec)"])
        }
    }

    private func show(_ exec: EngineExec, _ out: SocketOutput) async throws {
        let events = exec.events
        var pinged = ContinuousClock.now
        try await LiveStream.run(
            keepalive: keepalive,
            source: {
                var iterator = events.makeAsyncIterator()
                return try await iterator.next()
            },
            write: { item in
                // A terminal that prints all the time must hear from its viewer too: a viewer that answers no ping has gone.
                if ContinuousClock.now - pinged >= keepalive {
                    pinged = .now
                    try await out.ping()
                }
                switch item {
                case .element(.output(let chunk)): try await out.bytes(chunk.bytes)
                case .element(.ended(let ending)):
                    try await out.text(.ended(EndingBody(ending)))
                    return false
                case .silence: break
                case .notice(let notice): try await out.text(.notice(notice))
                case .failure(let error): try await out.text(.failure(ErrorBody.Failure(error)))
                case .end, .gone: return false
                }
                return true
            })
    }

    private func listen(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ exec: EngineExec, _ out: SocketOutput
    ) async throws {
        for try await frame in inbound {
            let bytes = Array(frame.unmaskedData.readableBytesView)
            switch frame.opcode {
            case .binary where ticket.maySend:
                do {
                    try await exec.write(bytes)
                } catch let error as SandboxError where error.code == .conflict {
                    // It has ended: the end is on its way.
                }
            case .text where ticket.maySend:
                do {
                    try await APICoding.decode(TerminalCommand.self, from: bytes).perform(on: exec)
                } catch {
                    try await out.text(.failure(ErrorBody.Failure(error)))
                }
            case .binary, .text:
                try await out.text(
                    .failure(ErrorBody.Failure(SandboxError(.denied, "this viewer may only look", remedy: "use scope 'exec'"))))
            case .ping: try await out.pong(frame.unmaskedData)
            case .connectionClose: return
            default: break
            }
        }
    }
}

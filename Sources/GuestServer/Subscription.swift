internal import GuestProtocol

/// One stream of one channel that follows an exec.
final class Subscription {
    /// What to send next.
    enum Item {
        case output(ExecOutput, offset: UInt64, count: Int)
        case ended(ExecEnd)
    }

    let stream: UInt32
    let exec: Exec
    private weak var channel: Channel?
    private var sent: [UInt64]
    private var acknowledged: [UInt64]
    /// Where this stream ends; known when the exec has ended.
    private var final: [UInt64]?
    private var hasTurn = 0
    private var hasSentEnd = false
    private(set) var isOver = false
    /// True while the channel has it in its list of streams with something to send.
    var isQueued = false
    private var inputCredit = Int(InitialCredit.toGuest)
    private var unreturnedCredit = 0

    init(_ exec: Exec, stream: UInt32, channel: Channel, standardOutput: UInt64 = 0, standardError: UInt64 = 0) {
        self.exec = exec
        self.stream = stream
        self.channel = channel
        sent = [standardOutput, standardError]
        acknowledged = sent
    }

    func send(_ message: GuestMessage) {
        if !isOver { channel?.send(message, stream: stream) }
    }

    /// Looks whether there is something to send.
    func pump() {
        if !isOver { channel?.enqueue(self) }
    }

    /// The exec has ended, or had ended when this stream was opened; what comes later is for a later attach.
    func finish(at standardOutput: UInt64, _ standardError: UInt64) {
        final = [standardOutput, standardError]
        pump()
    }

    /// Another stream took over.
    func supersede() {
        // After the end nothing follows on a stream: the host has forgotten its number.
        if !hasSentEnd { send(.failure(GuestFailure(.superseded, message: "another stream has attached to this exec"))) }
        leave()
    }

    /// The request failed after all.
    func refuse(_ failure: GuestFailure) {
        send(.failure(failure))
        leave()
    }

    /// The exec is dropped from the table; a reader that has not heard the end must not wait for it.
    func forget() {
        if hasSentEnd { leave() } else { refuse(GuestFailure(.notFound, message: "the exec was forgotten")) }
    }

    /// Nothing more is sent on this stream.
    func leave() {
        guard !isOver else { return }
        isOver = true
        channel?.streamIsOver(self)
        exec.detach(self)
    }

    /// The end has been sent; acknowledgements may still come.
    func leaveAfterEnd() {
        hasSentEnd = true
    }

    /// The rings' bytes are about to go.
    func keepCopy() { channel?.keepCopy(for: self) }

    /// The next frame's content within the window that the host's acknowledgements leave.
    func next() -> Item? {
        guard !isOver, !hasSentEnd, exec.hasStarted else { return nil }
        for _ in 0..<2 {
            let index = hasTurn
            hasTurn = 1 - hasTurn
            let output = index == 0 ? exec.standardOutput : exec.standardError
            if sent[index] < output.ring.start {
                // Dropped before it could be sent. The gap shows in the offsets and needs no acknowledgement.
                sent[index] = output.ring.start
                acknowledged[index] = max(acknowledged[index], output.ring.start)
            }
            let bound = min(final?[index] ?? output.ring.end, output.ring.end)
            let window = acknowledged[index] + UInt64(exec.ringCapacity)
            guard bound > sent[index], window > sent[index] else { continue }
            let count = Int(min(bound - sent[index], window - sent[index], UInt64(Frame.maximumContent)))
            let offset = sent[index]
            sent[index] += UInt64(count)
            return .output(output, offset: offset, count: count)
        }
        guard let final, let end = exec.end, sent[0] >= final[0], sent[1] >= final[1] else { return nil }
        return .ended(end)
    }

    /// The host has everything below these offsets.
    func acknowledge(standardOutput: UInt64, standardError: UInt64) throws(ProtocolViolation) {
        guard standardOutput <= sent[0], standardError <= sent[1] else {
            throw .unexpected("acknowledgement of bytes that were not sent")
        }
        acknowledged[0] = max(acknowledged[0], standardOutput)
        acknowledged[1] = max(acknowledged[1], standardError)
        if !isOver { exec.acknowledge(standardOutput: standardOutput, standardError: standardError) }
        pump()
    }

    // MARK: Input

    func receive(_ bytes: [UInt8]) throws(ProtocolViolation) {
        guard bytes.count <= inputCredit else { throw .unexpected("input beyond its credit") }
        inputCredit -= bytes.count
        guard !isOver, let input = exec.input else { return returnCredit(bytes.count) }
        input.write(bytes)
    }

    /// The command has read bytes (or will never read them).
    func returnCredit(_ count: Int) {
        unreturnedCredit += count
        // In steps, so that a command that reads byte by byte does not cost a frame for each.
        guard unreturnedCredit >= 64 << 10 || (unreturnedCredit > 0 && (exec.input?.buffered ?? 0) == 0) else { return }
        // What an earlier stream of the exec had sent must not raise this one's credit beyond the initial one.
        let returned = min(unreturnedCredit, Int(InitialCredit.toGuest) - inputCredit)
        unreturnedCredit = 0
        guard returned > 0 else { return }
        inputCredit += returned
        send(.credit(UInt32(clamping: returned)))
    }
}

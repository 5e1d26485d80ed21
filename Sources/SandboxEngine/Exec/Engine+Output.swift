public import SandboxCore
import SandboxStore
import Synchronization

extension Engine {
    /// Output from the spool, during and after the run, whichever engine follows the exec. With `follow` it goes on until the exec is over.
    ///
    /// Chunks come in order; a jump in their offsets, or an end before the exec's last offset, is output that is not on disk
    /// (`ExecRecord.dropped` counts it).
    public func output(of id: ExecID, channel: OutputChannel, from offset: UInt64 = 0, follow: Bool = false) async throws
        -> SandboxStream<OutputChunk>
    {
        _ = try await execRow(id)
        let live = follow ? try await adopted(id) : execs[id]
        let cursor = SpoolCursor(self, id, [channel], from: Self.offsets(channel, offset), live: live)
        return SandboxStream { try await cursor.next(follow: follow) }
    }

    /// How much an exec has written so far, as far as it is known here.
    public func outputSize(of id: ExecID) async throws -> OutputOffsets {
        if let ending = try await exec(id).ending { return ending.offsets }
        _ = try await adopted(id)
        return OutputSpool(id, layout: spool, limit: configuration.outputLimit, resuming: true).offsets
    }

    private static func offsets(_ channel: OutputChannel, _ offset: UInt64) -> OutputOffsets {
        var offsets = OutputOffsets.zero
        offsets[channel] = offset
        return offsets
    }
}

/// A reader's place in the spool of one exec.
final class SpoolCursor: Sendable {
    private let engine: Engine
    private let exec: ExecID
    private let channels: [OutputChannel]
    private let live: LiveExec?
    private let reader: SpoolReader
    private let offsets: Mutex<OutputOffsets>

    init(_ engine: Engine, _ exec: ExecID, _ channels: [OutputChannel], from offsets: OutputOffsets, live: LiveExec?) {
        self.engine = engine
        self.exec = exec
        self.channels = channels
        self.live = live
        reader = SpoolReader(engine.spool)
        self.offsets = Mutex(offsets)
    }

    /// The next chunk; nil when there is no more, or (unless it follows) no more now.
    func next(follow: Bool) async throws -> OutputChunk? {
        while true {
            let commits = engine.store.commits.generation
            let changes = live?.changed.generation ?? 0
            // Whether it is over must be known before the disk is looked at: what is written in between is found by the look.
            let isOver = try await follow ? isOver() : true
            for channel in channels {
                guard let chunk = try reader.read(exec, channel, from: offsets.withLock { $0[channel] }) else { continue }
                offsets.withLock { $0[channel] = chunk.offset + UInt64(chunk.bytes.count) }
                return chunk
            }
            if isOver { return nil }
            if let live, !live.isOver {
                await live.changed.wait(past: changes)
            } else {
                try await elsewhere(commits)
            }
            try Task.checkCancellation()
        }
    }

    private func isOver() async throws -> Bool {
        if let live, !live.isOver { return false }
        return try await engine.exec(exec).isOver
    }

    /// Another process writes: its files and the database are watched.
    private func elsewhere(_ generation: UInt64) async throws {
        _ = try await engine.adopted(exec)
        engine.watchOutput(of: exec)
        // What came before the watch began would not be told.
        for channel in channels where try reader.read(exec, channel, from: offsets.withLock({ $0[channel] }), limit: 1) != nil { return }
        if try await engine.exec(exec).isOver { return }
        try await engine.foreignChange(past: generation)
    }
}

/// Output of both streams, then the end, for a reader that came later.
final class SpoolEvents: Sendable {
    private let cursor: SpoolCursor
    private let engine: Engine
    private let exec: ExecID
    private let isDone = Mutex(false)

    init(_ engine: Engine, _ exec: ExecID, from offsets: OutputOffsets, live: LiveExec?) {
        cursor = SpoolCursor(engine, exec, OutputChannel.allCases, from: offsets, live: live)
        self.engine = engine
        self.exec = exec
    }

    func next() async throws -> ExecEvent? {
        if isDone.withLock({ $0 }) { return nil }
        if let chunk = try await cursor.next(follow: true) { return .output(chunk) }
        close()
        return try await engine.exec(exec).ending.map { .ended($0) }
    }

    func close() { isDone.withLock { $0 = true } }
}

extension Engine {
    fileprivate func watchOutput(of exec: ExecID) {
        watch.watch(walPath)
        // A directory that is not there cannot be watched.
        guard (try? DataDirectory.make(spool.directory(exec))) != nil else { return }
        watch.watch(spool.directory(exec))
    }
}

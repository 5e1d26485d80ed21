import SandboxCore
import SandboxStore
import Synchronization
import SystemPackage

/// Writes the output of one exec to disk, each stream up to a limit. Files are made with the first byte, so that a silent command costs none.
final class OutputSpool: Sendable {
    private struct Stream {
        var file: FileDescriptor?
        /// Bytes on disk.
        var kept: UInt64 = 0
        /// What comes next, in the stream.
        var next: UInt64 = 0
        /// Where in the stream the file's end lies.
        var end: UInt64 = 0
        var isCut = false
    }

    private struct State {
        var streams: [OutputChannel: Stream] = [:]
        var hasDirectory = false
    }

    private let exec: ExecID
    private let layout: SpoolLayout
    private let limit: UInt64
    private let state: Mutex<State>

    /// A spool for a new exec, or with `resuming` for one whose earlier output lies on disk.
    init(_ exec: ExecID, layout: SpoolLayout, limit: UInt64, resuming: Bool = false) {
        self.exec = exec
        self.layout = layout
        self.limit = limit
        var streams: [OutputChannel: Stream] = [:]
        for channel in OutputChannel.allCases where resuming {
            let (kept, end) = SpoolReader(layout).extent(exec, channel)
            streams[channel] = Stream(kept: kept, next: end, end: end)
        }
        state = Mutex(State(streams: streams, hasDirectory: false))
    }

    deinit { close() }

    /// Where the output goes on.
    var offsets: OutputOffsets { state.withLock { Self.offsets($0) { $0.next } } }

    /// Bytes of each stream that are on disk.
    var kept: OutputOffsets { state.withLock { Self.offsets($0) { $0.kept } } }

    /// Takes a chunk and returns what of it is new; nil when all of it came before. A disk that is full cuts the stream like the limit does.
    func append(_ chunk: OutputChunk) -> OutputChunk? {
        state.withLock { state in
            var stream = state.streams[chunk.channel] ?? Stream()
            defer { state.streams[chunk.channel] = stream }
            var fresh = chunk
            if chunk.offset < stream.next {
                let known = stream.next - chunk.offset
                guard known < UInt64(chunk.bytes.count) else { return nil }
                fresh.bytes.removeFirst(Int(known))
                fresh.offset = stream.next
            }
            stream.next = fresh.offset + UInt64(fresh.bytes.count)
            if !stream.isCut { write(fresh, to: &stream, &state.hasDirectory) }
            return fresh
        }
    }

    func close() {
        state.withLock { state in
            for channel in OutputChannel.allCases {
                try? state.streams[channel]?.file?.close()
                state.streams[channel]?.file = nil
            }
        }
    }

    private func write(_ chunk: OutputChunk, to stream: inout Stream, _ hasDirectory: inout Bool) {
        let room = Int(clamping: limit - min(limit, stream.kept))
        let size = TextBoundary.cut(chunk.bytes, limit: room)
        if size < chunk.bytes.count { stream.isCut = true }
        guard size > 0 else { return }
        do {
            if !hasDirectory {
                try DataDirectory.make(layout.directory(exec))
                hasDirectory = true
            }
            if chunk.offset > stream.end { try noteGap(chunk, stream) }
            let file = try stream.file ?? Self.open(layout.file(exec, chunk.channel))
            stream.file = file
            try chunk.bytes.withUnsafeBytes { _ = try file.writeAll($0.prefix(size)) }
            stream.kept += UInt64(size)
            stream.end = chunk.offset + UInt64(size)
        } catch {
            stream.isCut = true
        }
    }

    private func noteGap(_ chunk: OutputChunk, _ stream: Stream) throws {
        let file = try Self.open(layout.gaps(exec, chunk.channel))
        try file.closeAfter { _ = try file.writeAll("\(stream.kept) \(chunk.offset)\n".utf8) }
    }

    private static func open(_ path: FilePath) throws -> FileDescriptor {
        try FileDescriptor.open(path, .writeOnly, options: [.create, .append, .closeOnExec, .noFollow], permissions: .ownerReadWrite)
    }

    private static func offsets(_ state: State, _ pick: (Stream) -> UInt64) -> OutputOffsets {
        OutputOffsets(
            standardOutput: state.streams[.standardOutput].map(pick) ?? 0, standardError: state.streams[.standardError].map(pick) ?? 0)
    }
}

import Glibc
import SandboxCore
import SystemPackage

/// Reads output from disk, while it is written or afterwards.
struct SpoolReader: Sendable {
    private let layout: SpoolLayout

    init(_ layout: SpoolLayout) { self.layout = layout }

    /// The next bytes at or after an offset, at most `limit`; nil when there are none yet. After a gap the chunk begins behind it.
    func read(_ exec: ExecID, _ channel: OutputChannel, from offset: UInt64, limit: Int = 64 << 10) throws -> OutputChunk? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(layout.file(exec, channel), .readOnly, options: [.closeOnExec, .noFollow])
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
        return try file.closeAfter {
            // The gaps are read after the file was opened and before its end is known, so a segment is never taken for its forerunner.
            let size = try UInt64(file.seek(offset: 0, from: .end))
            let segments = segments(exec, channel)
            for (index, segment) in segments.enumerated() {
                let end = min(index + 1 < segments.count ? segments[index + 1].position : size, size)
                guard end > segment.position else { continue }
                let begin = max(offset, segment.offset)
                let position = segment.position + (begin - segment.offset)
                guard position < end else { continue }
                let wanted = Int(min(UInt64(max(1, limit)), end - position))
                var bytes = [UInt8](repeating: 0, count: wanted)
                let count = try bytes.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: Int64(position), into: $0) }
                bytes.removeLast(wanted - count)
                return count == 0 ? nil : OutputChunk(channel: channel, offset: begin, bytes: bytes)
            }
            return nil
        }
    }

    /// Bytes on disk, and where in the stream their end lies.
    func extent(_ exec: ExecID, _ channel: OutputChannel) -> (kept: UInt64, end: UInt64) {
        var status = stat()
        guard stat(layout.file(exec, channel).string, &status) == 0, let last = segments(exec, channel).last else { return (0, 0) }
        let size = UInt64(status.st_size)
        return (size, last.offset + (size - min(size, last.position)))
    }

    private func segments(_ exec: ExecID, _ channel: OutputChannel) -> [SpoolSegment] {
        guard let file = try? FileDescriptor.open(layout.gaps(exec, channel), .readOnly, options: [.closeOnExec, .noFollow]) else {
            return SpoolSegment.parse("")
        }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 20, let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
            bytes += buffer.prefix(count)
        }
        return SpoolSegment.parse(String(decoding: bytes, as: UTF8.self))
    }
}

import SandboxCore
import SystemPackage

/// Where output lies: `<spool>/<exec>/stdout`, and beside it `stdout.gaps` when a part was lost.
///
/// Each line of a gap file is `<position in the file> <offset in the stream>`: from that position on the file holds what follows that offset.
struct SpoolLayout: Sendable {
    let root: FilePath

    func directory(_ exec: ExecID) -> FilePath { root.appending(exec.rawValue) }
    func file(_ exec: ExecID, _ channel: OutputChannel) -> FilePath { directory(exec).appending(channel.rawValue) }
    func gaps(_ exec: ExecID, _ channel: OutputChannel) -> FilePath { directory(exec).appending(channel.rawValue + ".gaps") }
}

/// A run of bytes without a gap.
struct SpoolSegment: Equatable, Sendable {
    /// Of its first byte in the file.
    var position: UInt64
    /// Of its first byte in the stream.
    var offset: UInt64

    /// The segments of a gap file's text, the first one included; a last line that a crash cut off does not count.
    static func parse(_ text: String) -> [SpoolSegment] {
        var segments = [SpoolSegment(position: 0, offset: 0)]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count == 2, let last = segments.last, numbers[0] >= last.position, numbers[1] >= last.offset else { continue }
            segments.append(SpoolSegment(position: numbers[0], offset: numbers[1]))
        }
        return segments
    }
}

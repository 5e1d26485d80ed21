import Glibc
import SandboxStore
import Synchronization
import SystemPackage

/// What a build writes: every line in a file up to a limit, and now and then the latest ones as an event.
final class BuildJournal: Sendable {
    private struct State {
        var file: FileDescriptor?
        var written = 0
        var pending: [String] = []
        var left = 0
        var nextEvent = ContinuousClock.now
    }

    private static let fileLimit = 8 << 20
    /// Lines of one event; those before them are only counted.
    private static let eventLines = 40
    private static let interval = Duration.milliseconds(500)

    private let state: Mutex<State>
    private let announce: @Sendable (String) -> Void

    init(file: FilePath, _ announce: @escaping @Sendable (String) -> Void) throws {
        try DataDirectory.make(file.removingLastComponent())
        let descriptor = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow], permissions: .ownerReadWrite)
        state = Mutex(State(file: descriptor))
        self.announce = announce
    }

    deinit { close() }

    func write(_ line: String) {
        let event = state.withLock { state -> String? in
            Self.append(line, &state)
            if state.pending.count == Self.eventLines {
                state.pending.removeFirst()
                state.left += 1
            }
            state.pending.append(String(line.prefix(500)))
            guard ContinuousClock.now >= state.nextEvent else { return nil }
            return Self.take(&state)
        }
        if let event { announce(event) }
    }

    /// Tells what was not told yet.
    func flush() {
        if let event = state.withLock({ $0.pending.isEmpty ? nil : Self.take(&$0) }) { announce(event) }
    }

    func close() {
        state.withLock { state in
            try? state.file?.close()
            state.file = nil
        }
    }

    private static func take(_ state: inout State) -> String {
        let head = state.left > 0 ? ["… \(state.left) lines"] : []
        let text = (head + state.pending).joined(separator: "\n")
        state.pending = []
        state.left = 0
        state.nextEvent = .now + interval
        return text
    }

    /// The log helps people, so a disk that is full does not fail the build.
    private static func append(_ line: String, _ state: inout State) {
        guard let file = state.file, state.written < fileLimit else { return }
        state.written += line.utf8.count + 1
        let isLast = state.written >= fileLimit
        _ = try? file.writeAll((line + (isLast ? "\n… the rest is left out\n" : "\n")).utf8)
    }
}

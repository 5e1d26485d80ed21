public import SandboxCore
import SandboxStore
import SystemPackage

/// What the processes of a sandbox use. The sandbox itself tells it: nothing is decided by it.
public struct SandboxUsage: Sendable, Equatable {
    public var processes: Int
    /// Bytes that are resident; what processes share counts for each of them.
    public var memory: UInt64
    /// Of the processes that run, and of their children that ended.
    public var processorTime: Duration
    public var at: Timestamp
}

extension Engine {
    /// What the session's sandbox uses now. Looking is no use of the session: it puts off no end, and makes no sandbox.
    ///
    /// Throws `conflict` for a session without a sandbox, and `unsupported` where a sandbox has no processes of its own to be seen.
    public func usage(of id: SessionID) async throws -> SandboxUsage {
        let row = try await sessionRow(id)
        guard row.state == SessionState.ready.rawValue else {
            throw SandboxError(.conflict, "session \(id) has no sandbox now", remedy: "use the session once, and ask again")
        }
        let decision: RouteDecision = try StoredText.decode(row.decision)
        guard decision.isolation >= .namespace else {
            throw SandboxError(
                .unsupported, "the processes of a sandbox of isolation '\(decision.isolation.rawValue)' cannot be told from others",
                remedy: "look at the processes of its commands", backend: row.backend)
        }
        let files = try await prepare(id).files
        return try await withDeadline(configuration.backendTimeout, "what sandbox \(row.sandbox?.rawValue ?? "") uses") {
            try await ProcessTable(files: files).read()
        }
    }
}

/// The processes that a sandbox's own `/proc` shows.
struct ProcessTable: Sendable {
    let files: any SandboxFileSystem

    /// More are not read: the sum is about those.
    private static let most = 512
    private static let atOnce = 8
    /// What Linux counts times and memory in, seen from programs.
    private static let ticksPerSecond = 100.0
    private static let page: UInt64 = 4096

    struct Entry: Sendable, Equatable {
        var ticks: UInt64
        var pages: UInt64
    }

    func read() async throws -> SandboxUsage {
        let names = try await self.names()
        let entries = try await withThrowingTaskGroup(of: Entry?.self) { group in
            var found: [Entry] = []
            for (index, name) in names.prefix(Self.most).enumerated() {
                if index >= Self.atOnce, let entry = try await group.next() { if let entry { found.append(entry) } }
                group.addTask { try await entry(name) }
            }
            for try await case let entry? in group { found.append(entry) }
            return found
        }
        let ticks = entries.reduce(0.0) { $0 + Double($1.ticks) }
        return SandboxUsage(
            processes: entries.count, memory: entries.reduce(0) { $0 &+ $1.pages &* Self.page },
            processorTime: .seconds(min(ticks / Self.ticksPerSecond, 1e12)), at: .now())
    }

    private func names() async throws -> [String] {
        do {
            return try await files.list("/proc", after: nil, limit: 4096).entries.map(\.path.string).filter { name in
                name.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
        } catch let refusal as FileRefusal {
            throw SandboxError(.unsupported, "the sandbox does not show its processes: \(refusal)", remedy: "look at its commands")
        }
    }

    /// Nil for one that has ended meanwhile, or is the kernel's own.
    private func entry(_ name: String) async throws -> Entry? {
        do {
            let text = String(decoding: try await files.read(FilePath("/proc/\(name)/stat"), offset: 0, length: 4096), as: UTF8.self)
            return Entry(stat: text)
        } catch is FileRefusal {
            return nil
        }
    }
}

extension ProcessTable.Entry {
    /// Reads a line of `/proc/PID/stat`; nil for what is none, and for the kernel's own.
    init?(stat text: String) {
        // A program may put anything into its name, also what looks like the end of it.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map { UInt64($0) ?? 0 }
        guard fields.count > 21, fields[6] & Self.kernelThread == 0 else { return nil }
        // No sum of these overflows, whatever a sandbox says.
        ticks = fields[11...14].reduce(0) { $0 + min($1, 1 << 50) }
        pages = min(fields[21], 1 << 40)
    }

    private static let kernelThread: UInt64 = 0x20_0000
}

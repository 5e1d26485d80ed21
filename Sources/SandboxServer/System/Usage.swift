import Foundation
import SandboxAPI
import SandboxEngine
import SystemPackage

/// Counts what is in use.
struct Usage: Sendable {
    struct Counts: Sendable {
        var sessions: [String: Int]
        var runningExecs: Int
    }

    private let engine: Engine

    init(_ engine: Engine) { self.engine = engine }

    func count() async throws -> Counts {
        let open = try await engine.sessions()
        let running = try await engine.execs(in: nil, includingEnded: false).count
        return Counts(sessions: Dictionary(grouping: open, by: \.state.rawValue).mapValues(\.count), runningExecs: running)
    }

    func body() async throws -> UsageBody {
        let counts = try await count()
        let root = engine.dataDirectory.string
        let facts = try FileManager.default.attributesOfFileSystem(forPath: root)
        return UsageBody(
            sessions: counts.sessions, runningExecs: counts.runningExecs, dataBytes: await Self.bytes(below: root),
            freeBytes: (facts[.systemFreeSize] as? NSNumber)?.uint64Value ?? 0)
    }

    /// Walks the directory away from the threads that serve.
    private static func bytes(below root: String) async -> UInt64 {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                var total: UInt64 = 0
                let walker = FileManager.default.enumerator(
                    at: URL(fileURLWithPath: root), includingPropertiesForKeys: [.fileSizeKey, .isRegularFileKey])
                while let file = walker?.nextObject() as? URL {
                    let values = try? file.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
                    if values?.isRegularFile == true { total += UInt64(values?.fileSize ?? 0) }
                }
                continuation.resume(returning: total)
            }
        }
    }
}

import Hummingbird
import SandboxAPI
import SandboxWorkspace

/// A push or a pull, told while it goes on. When nobody reads any more it is cancelled, which leaves no file half written; the next call goes on.
enum SyncStream {
    typealias Work = @Sendable (_ progress: @escaping @Sendable (SyncProgress) -> Void) async throws -> SyncReportBody

    static func response(_ format: EventFormat, keepalive: Duration, requestID: String, _ work: @escaping Work) -> Response {
        format.response { writer in
            var out = writer
            try await LiveStream.run(
                keepalive: keepalive, produce: { send in try await produce(work, send) },
                write: { item in
                    let event: SyncEvent
                    switch item {
                    case .element(let told): event = told
                    case .silence: event = .other(.keepalive)
                    case .notice(let notice): event = .other(.notice(notice))
                    case .failure(let error): event = .other(.failure(ErrorBody.Failure(error, requestId: requestID)))
                    case .end, .gone: return false
                    }
                    try await out.write(format.frame(event, word: event.word))
                    return true
                })
            writer = out
        }
    }

    /// A reader that is slower than the work is told the latest only: how far it was before says nothing any more.
    private static func produce(_ work: @escaping Work, _ send: @escaping @Sendable (SyncEvent) async throws -> Void) async throws {
        let (told, source) = AsyncStream.makeStream(of: SyncProgress.self, bufferingPolicy: .bufferingNewest(1))
        let report = try await withThrowingTaskGroup(of: SyncReportBody?.self) { group in
            group.addTask {
                defer { source.finish() }
                return try await work { source.yield($0) }
            }
            group.addTask {
                for await progress in told { try await send(.progress(progress)) }
                return nil
            }
            var report: SyncReportBody?
            for try await case let told? in group { report = told }
            return report
        }
        if let report { try await send(.ended(report)) }
    }
}

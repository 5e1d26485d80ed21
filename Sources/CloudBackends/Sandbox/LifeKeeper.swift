import Foundation
import Logging
import SandboxCore
import Synchronization

/// Prolongs a sandbox at its service for as long as this process holds it. When the process is gone, the service ends the sandbox.
final class LifeKeeper: Sendable {
    private final class Known: Sendable {
        let end: Mutex<Date?>
        init(_ end: Date?) { self.end = Mutex(end) }
    }

    private let known: Known
    private let task: Task<Void, Never>

    /// - Parameters:
    ///   - life: what each prolonging asks for, from its moment on; it comes when half of it is over.
    ///   - end: when the sandbox ends as it is now.
    ///   - extend: prolongs it; throws `notFound` when it is gone.
    init(life: Duration, end: Date?, logger: Logger, extend: @escaping @Sendable () async throws -> Date?) {
        let known = Known(end)
        self.known = known
        task = Task {
            var pause = life / 2
            while (try? await Task.sleep(for: pause)) != nil {
                do {
                    let end = try await extend()
                    known.end.withLock { $0 = end }
                    pause = life / 2
                } catch let error as SandboxError where error.code == .notFound || Task.isCancelled {
                    return
                } catch {
                    logger.warning("a sandbox's life at its service cannot be prolonged", metadata: ["error": "\(error)"])
                    pause = life / 8
                }
            }
        }
    }

    deinit { task.cancel() }

    /// When the service ends the sandbox, as far as it told.
    var endsAt: Date? { known.end.withLock { $0 } }

    /// Lets the sandbox's life run out.
    func stop() { task.cancel() }
}

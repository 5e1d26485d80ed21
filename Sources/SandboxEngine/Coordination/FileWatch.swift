import Foundation
import Glibc
import SandboxStore
import Synchronization
import SystemPackage

/// Notices changes of files that other processes make, by inotify; nothing is polled.
final class FileWatch: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var source: (any DispatchSourceRead)?
        var watched: Set<String> = []
    }

    private let state = Mutex(State())
    private let changed: @Sendable () -> Void

    init(_ changed: @escaping @Sendable () -> Void) { self.changed = changed }

    deinit { state.withLock { $0.source?.cancel() } }

    /// Begins to watch a file or the files of a directory. Tells whether it works; watching twice is once.
    @discardableResult
    func watch(_ path: FilePath) -> Bool {
        state.withLock { state in
            if state.watched.contains(path.string) { return true }
            if state.descriptor < 0 {
                let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
                guard descriptor >= 0 else { return false }
                state.descriptor = descriptor
                state.source = Self.source(descriptor, changed)
            }
            let mask = UInt32(IN_MODIFY) | UInt32(IN_ATTRIB) | UInt32(IN_CREATE)
            guard inotify_add_watch(state.descriptor, path.string, mask) >= 0 else { return false }
            state.watched.insert(path.string)
            return true
        }
    }

    /// Stops everything.
    func end() {
        state.withLock { state in
            state.source?.cancel()
            state = State()
        }
    }

    private static func source(_ descriptor: Int32, _ changed: @escaping @Sendable () -> Void) -> any DispatchSourceRead {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler {
            withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { buffer in
                while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
            }
            changed()
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
        return source
    }
}

import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine
import SystemPackage

extension FilesystemService {
    /// Streams changes below a directory.
    func watch(_ request: Request, in session: SessionRecord) async -> Response {
        do {
            let message: FilesystemMessages.PathRequest = try await ConnectFraming.single(of: request)
            let (root, changes) = try await begin(message, in: session)
            return ConnectStream(keepalive: FilesystemMessages.WatchEvent.keepalive, interval: .seconds(30)).response { send in
                try await send(FilesystemMessages.WatchEvent.start)
                for try await change in changes {
                    guard let told = FilesystemMessages.Change(change, below: root) else { continue }
                    try await send(FilesystemMessages.WatchEvent(filesystem: told))
                }
            }
        } catch {
            return ConnectStream.failed(error)
        }
    }

    func createWatcher(_ message: FilesystemMessages.PathRequest, in session: SessionRecord) async throws
        -> FilesystemMessages.WatcherAnswer
    {
        let (root, changes) = try await begin(message, in: session)
        return FilesystemMessages.WatcherAnswer(watcherId: watchers.add(changes, below: root, in: session.id))
    }

    func watcherEvents(_ message: FilesystemMessages.WatcherRequest, in session: SessionRecord) async throws
        -> FilesystemMessages.ChangesAnswer
    {
        guard let events = watchers.take(message.watcherId ?? "", in: session.id) else { throw Self.noWatcher(message) }
        return FilesystemMessages.ChangesAnswer(events: events)
    }

    func removeWatcher(_ message: FilesystemMessages.WatcherRequest, in session: SessionRecord) async throws {
        guard watchers.remove(message.watcherId ?? "", in: session.id) else { throw Self.noWatcher(message) }
    }

    private func begin(_ message: FilesystemMessages.PathRequest, in session: SessionRecord) async throws
        -> (root: FilePath, changes: SandboxStream<FileChange>)
    {
        let root = try path(message.path)
        let files = try await services.engine.files(in: session.id)
        guard try await files.stat(root, followsLinks: true).kind == .directory else {
            throw ConnectFailure("invalid_argument", "path is not a directory: \(root)")
        }
        return (root, try await files.watch(root, recursive: message.recursive ?? false))
    }

    private static func noWatcher(_ message: FilesystemMessages.WatcherRequest) -> ConnectFailure {
        ConnectFailure("not_found", "watcher with id \(message.watcherId ?? "") not found")
    }
}

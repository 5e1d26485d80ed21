import Foundation
import SandboxCore
import SandboxTesting
import Synchronization
import SystemPackage
import Testing

@testable import SandboxWorkspace

#if canImport(Glibc)
    import Glibc
#endif

/// A directory of the host, a sandbox in memory, and what lies between them.
final class SyncFixture: Sendable {
    let scratch: FilePath
    let host: FilePath
    let place: FilePath
    let sandbox: any Sandbox
    let saved = Mutex(BaseIndex())

    init() async throws {
        scratch = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-sync-\(UUID().uuidString)").path)
        host = scratch.appending("project")
        place = scratch.appending("data")
        try FileManager.default.createDirectory(atPath: host.string, withIntermediateDirectories: true)
        sandbox = try await InMemoryBackend().create(SandboxSpec(owner: .random())) { _ in }
    }

    deinit { try? FileManager.default.removeItem(atPath: scratch.string) }

    static func run(_ body: (SyncFixture) async throws -> Void) async throws { try await body(SyncFixture()) }

    func work(_ change: (inout WorkspaceSync) -> Void = { _ in }) -> WorkspaceSynchronizer {
        var sync = WorkspaceSync(directory: host)
        change(&sync)
        return WorkspaceSynchronizer(sync, files: sandbox.files, root: sandbox.workspacePath, place: place)
    }

    var base: BaseIndex { saved.withLock { $0 } }

    var save: WorkspaceSynchronizer.Save { { index in self.saved.withLock { $0 = index } } }

    func push(_ change: (inout WorkspaceSync) -> Void = { _ in }) async throws -> SyncReport {
        try await work(change).push(base, save: save).report
    }

    func pull(_ change: (inout WorkspaceSync) -> Void = { _ in }) async throws -> SyncReport {
        try await work(change).pull(base, save: save).report
    }

    // MARK: The host's files

    func write(_ text: String, _ path: String, mode: Int = 0o644) throws {
        let file = host.appending(path)
        try FileManager.default.createDirectory(atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.string)
    }

    func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: host.appending(path).string).map { String(decoding: $0, as: UTF8.self) }
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: host.appending(path).string) }

    /// Everything below the project, sorted.
    func names() -> [String] {
        (FileManager.default.enumerator(atPath: host.string)?.allObjects ?? []).compactMap { $0 as? String }.sorted()
    }

    // MARK: The sandbox's files

    func inside(_ path: String) -> FilePath { sandbox.workspacePath.appending(path) }

    func writeInside(_ text: String, _ path: String) async throws {
        try await sandbox.files.write(text: text, to: inside(path), options: FileWriteOptions(createsParents: true))
    }

    func readInside(_ path: String) async throws -> String? {
        do {
            return String(decoding: try await sandbox.files.readAll(inside(path)), as: UTF8.self)
        } catch let refusal as FileRefusal where refusal.reason == .notFound { return nil }
    }
}

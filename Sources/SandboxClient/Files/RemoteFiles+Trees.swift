import SandboxAPI
public import SandboxCore
import SandboxHTTP
public import SystemPackage

extension RemoteFiles {
    public func watch(_ path: FilePath, recursive: Bool) async throws -> SandboxStream<FileChange> {
        var call = call(.watchFiles)
        call.add("path", path: path)
        if recursive { call.add("recursive", true) }
        let lines = LineStream<FileChangeBody>(try await client.open(call).body)
        // The first line says that every change from now on will come.
        guard let first = try await lines.next() else { throw Self.broken("watch") }
        if let failure = first.error { throw failure.asError }
        return SandboxStream {
            while let line = try await lines.next() {
                if let failure = line.error { throw failure.asError }
                guard let kind = FileChange.Kind(rawValue: line.kind), let path = line.path else { continue }
                return FileChange(path: path.path, kind: kind)
            }
            throw Self.broken("watch")
        }
    }

    public func manifest(of root: FilePath, digests: Bool) async throws -> SandboxStream<FileEntry> {
        var call = call(.manifest)
        call.add("path", path: root)
        if digests { call.add("digests", true) }
        let lines = LineStream<ManifestLine>(try await client.download(call).body)
        let end = Once()
        return SandboxStream {
            guard !end.isOver else { return nil }
            guard let line = try await lines.next() else { throw Self.broken("manifest") }
            if let failure = line.error { throw failure.asError }
            if let entry = line.entry { return try entry.entry() }
            end.finish()
            return nil
        }
    }

    public func export(_ root: FilePath, paths: [FilePath]) async throws -> SandboxStream<TreeItem> {
        var call = call(.exportTree)
        call.add("path", path: root)
        for path in paths { call.add("only", path: path) }
        return TarStreams.items(of: try await client.download(call).body)
    }

    public func `import`(_ items: SandboxStream<TreeItem>, into root: FilePath) async throws -> [(path: FilePath, reason: String)] {
        let source = WatchedSource(TarStreams.bytes(of: items))
        var call = call(.importTree, wait: .work)
        call.add("path", path: root)
        call.body = .stream(source.stream, type: "application/x-tar")
        do {
            let result = try await client.send(call, as: ImportResultBody.self)
            return result.refused.map { ($0.path.path, $0.reason) }
        } catch {
            throw source.failure ?? error
        }
    }

    private static func broken(_ what: String) -> SandboxError {
        SandboxError(.unavailable, "the server broke off the \(what)", remedy: "ask for it again")
    }
}

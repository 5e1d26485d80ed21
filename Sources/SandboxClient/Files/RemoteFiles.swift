import SandboxAPI
public import SandboxCore
import SandboxHTTP
public import SystemPackage

/// The files of a session on a server.
public struct RemoteFiles: SandboxFileSystem {
    let client: SandlotClient
    let session: String

    init(_ client: SandlotClient, session: String) {
        self.client = client
        self.session = session
    }

    private static let largestRead = 256 << 10

    public func read(_ path: FilePath, offset: UInt64, length: Int) async throws -> [UInt8] {
        guard length > 0 else {
            guard length == 0 else { throw FileRefusal(.invalid, path: path, message: "a length below zero") }
            // Nothing is wanted, but a path that cannot be read is refused all the same.
            _ = try await stat(path, followsLinks: true)
            return []
        }
        var call = call(.readFile)
        call.add("path", path: path)
        call.add("offset", offset)
        call.add("length", min(length, Self.largestRead))
        return try await client.send(call).body
    }

    public func contents(of path: FilePath, offset: UInt64, length: UInt64?) async throws -> SandboxStream<[UInt8]> {
        var call = call(.readFile)
        call.add("path", path: path)
        call.add("offset", offset)
        call.add("length", length)
        return try await client.download(call).body
    }

    public func write(_ bytes: [UInt8], to path: FilePath, options: FileWriteOptions) async throws {
        _ = try await client.send(writing(path, options, .bytes(bytes, type: Self.bytesType)))
    }

    public func write(_ stream: SandboxStream<[UInt8]>, to path: FilePath, options: FileWriteOptions) async throws {
        let source = WatchedSource(stream)
        do {
            _ = try await client.send(writing(path, options, .stream(source.stream, type: Self.bytesType)))
        } catch {
            // Why it broke off is the source's story, where it is one.
            throw source.failure ?? error
        }
    }

    public func stat(_ path: FilePath, followsLinks: Bool) async throws -> FileEntry {
        var call = call(.statFile)
        call.add("path", path: path)
        if followsLinks { call.add("follow", true) }
        return try await client.send(call, as: FileEntryBody.self).entry()
    }

    public func list(_ path: FilePath, after cursor: FilePath?, limit: Int) async throws -> (entries: [FileEntry], more: Bool) {
        var call = call(.listFiles)
        call.add("path", path: path)
        call.add("after", path: cursor)
        call.add("limit", limit)
        return try await entries(call)
    }

    public func makeDirectory(_ path: FilePath, mode: UInt32, parents: Bool) async throws {
        try await change(.makeDirectory, DirectoryCreation(path: path, mode: mode, parents: parents))
    }

    public func remove(_ path: FilePath, recursive: Bool) async throws {
        var call = call(.removeFile, wait: .work)
        call.add("path", path: path)
        if recursive { call.add("recursive", true) }
        _ = try await client.send(call)
    }

    public func move(_ source: FilePath, to target: FilePath, overwrite: Bool) async throws {
        try await change(.moveFile, FileMove(from: source, to: target, overwrite: overwrite))
    }

    public func makeSymbolicLink(_ path: FilePath, target: FilePath) async throws {
        try await change(.linkFile, LinkCreation(path: path, target: target))
    }

    public func changeMode(_ path: FilePath, mode: UInt32) async throws {
        try await change(.changeMode, ModeChange(path: path, mode: mode))
    }

    public func glob(
        _ pattern: String, root: FilePath, limit: Int, includesHidden: Bool
    ) async throws -> (entries: [FileEntry], more: Bool) {
        var call = call(.globFiles, wait: .work)
        try call.send(GlobBody(pattern: pattern, root: root, limit: limit, hidden: includesHidden))
        return try await entries(call)
    }

    public func grep(_ search: FileSearch) async throws -> (matches: [FileMatch], truncated: Bool) {
        var call = call(.grepFiles, wait: .work)
        try call.send(GrepBody(search))
        let found = try await client.send(call, as: GrepResultBody.self)
        return (found.matches.map(\.match), found.truncated)
    }

    private static let bytesType = "application/octet-stream"

    private func writing(_ path: FilePath, _ options: FileWriteOptions, _ body: HTTPCall.Body) -> APICall {
        var call = call(.writeFile, wait: .work)
        call.add("path", path: path)
        call.add("mode", options.mode)
        if options.createsParents { call.add("parents", true) }
        if options.appends { call.add("append", true) }
        if options.exclusive { call.add("exclusive", true) }
        call.body = body
        return call
    }

    private func entries(_ call: APICall) async throws -> (entries: [FileEntry], more: Bool) {
        let list = try await client.send(call, as: FileListBody.self)
        return (try list.entries.map { try $0.entry() }, list.more)
    }

    private func change(_ route: APIRoute, _ body: some Encodable) async throws {
        var call = call(route)
        try call.send(body)
        _ = try await client.send(call)
    }

    func call(_ route: APIRoute, wait: APICall.Wait = .answer) -> APICall { APICall(route, ["session": session], wait: wait) }
}

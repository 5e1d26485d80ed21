import GuestProtocol
import SandboxCore
import SystemPackage

/// The files of a sandbox, as its guest sees them.
struct GuestFileSystem: SandboxFileSystem {
    let workspacePath: FilePath
    /// Questions that change nothing are asked again when the channel broke under them.
    let retriesReads: Bool
    let session: @Sendable () async throws -> GuestSession

    // MARK: Plumbing

    func wire(_ path: FilePath) -> [UInt8] { path.absolute(inWorkspace: workspacePath).guestBytes }

    /// Asks about `path`; a refusal is thrown in the host's words.
    func ask(_ request: GuestRequest, _ path: FilePath, isRead: Bool = false) async throws -> (GuestResponse, FrameLink) {
        let link = try await session().link
        do {
            return (try await PlainRequest.ask(request, over: link), link)
        } catch let failure as GuestFailure {
            throw failure.fileError(path)
        } catch let error as SandboxError where isRead && retriesReads && error.code == .unavailable && link.end != nil {
            return try await again(request, path)
        }
    }

    private func again(_ request: GuestRequest, _ path: FilePath) async throws -> (GuestResponse, FrameLink) {
        let link = try await session().link
        do {
            return (try await PlainRequest.ask(request, over: link), link)
        } catch let failure as GuestFailure {
            throw failure.fileError(path)
        }
    }

    func change(_ request: GuestRequest, _ path: FilePath) async throws {
        let (response, link) = try await ask(request, path)
        try response.expectDone(link)
    }

    func entries(_ list: [TreeEntry], _ rule: TreeEntry.PathRule, atMost limit: Int, _ link: FrameLink) throws -> [FileEntry] {
        guard list.count <= limit else { throw link.mismatch("at most \(limit) entries") }
        return try list.map { entry in
            guard let known = entry.entry(rule) else { throw link.mismatch("entries") }
            return known
        }
    }

    private func text(_ text: String, _ noun: String) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        guard !bytes.contains(0) else { throw SandboxError(.invalidArgument, "\(noun) holds a NUL byte", remedy: "leave it out") }
        return bytes
    }

    private func count(_ limit: Int, _ noun: String) throws -> UInt32 {
        guard limit >= 0 else { throw SandboxError(.invalidArgument, "\(noun) of \(limit) makes no sense", remedy: "use 0 or more") }
        return UInt32(clamping: limit)
    }

    // MARK: Questions

    func read(_ path: FilePath, offset: UInt64, length: Int) async throws -> [UInt8] {
        let wanted = min(try count(length, "a length"), UInt32(Frame.maximumContent))
        let (response, link) = try await ask(.readFile(path: wire(path), offset: offset, length: wanted), path, isRead: true)
        guard case .data(let bytes, _) = response, bytes.count <= Int(wanted) else { throw link.mismatch("data") }
        return bytes
    }

    func stat(_ path: FilePath, followsLinks: Bool) async throws -> FileEntry {
        let (response, link) = try await ask(.stat(path: wire(path), followsLinks: followsLinks), path, isRead: true)
        guard case .entry(let entry) = response, let known = entry.entry(.any) else { throw link.mismatch("entry") }
        return known
    }

    func list(_ path: FilePath, after cursor: FilePath?, limit: Int) async throws -> (entries: [FileEntry], more: Bool) {
        let request = GuestRequest.list(path: wire(path), cursor: cursor?.guestBytes ?? [], limit: try count(limit, "a limit"))
        let (response, link) = try await ask(request, path, isRead: true)
        guard case .entries(let list, let more) = response else { throw link.mismatch("entries") }
        return (try entries(list, .name, atMost: limit, link), more)
    }

    func glob(
        _ pattern: String, root: FilePath, limit: Int, includesHidden: Bool
    ) async throws -> (entries: [FileEntry], more: Bool) {
        let request = GuestRequest.glob(
            root: wire(root), pattern: try text(pattern, "the pattern"), limit: try count(limit, "a limit"), includesHidden: includesHidden)
        let (response, link) = try await ask(request, root, isRead: true)
        guard case .entries(let list, let more) = response else { throw link.mismatch("entries") }
        return (try entries(list, .absolute, atMost: limit, link), more)
    }

    func grep(_ search: FileSearch) async throws -> (matches: [FileMatch], truncated: Bool) {
        let query = GrepQuery(
            root: wire(search.root), pattern: try text(search.pattern, "the pattern"), isLiteral: search.isLiteral,
            ignoresCase: search.ignoresCase, glob: try text(search.glob ?? "", "the glob"), context: try count(search.context, "a context"),
            limit: try count(search.limit, "a limit"), includesHidden: search.includesHidden)
        let (response, link) = try await ask(.grep(query), search.root, isRead: true)
        guard case .matches(let list, let truncated) = response else { throw link.mismatch("matches") }
        let matches = try list.map { match in
            guard let known = match.fileMatch else { throw link.mismatch("matches") }
            return known
        }
        return (matches, truncated)
    }

    // MARK: Changes

    func makeDirectory(_ path: FilePath, mode: UInt32, parents: Bool) async throws {
        try await change(.makeDirectory(path: wire(path), mode: mode, parents: parents), path)
    }

    func remove(_ path: FilePath, recursive: Bool) async throws {
        try await change(.remove(path: wire(path), recursive: recursive), path)
    }

    func remove(_ path: FilePath, ifStill node: ReplacedNode) async throws {
        guard case .node(let changed, let inode) = node, try await session().knowsChunks else {
            return try await remove(path, recursive: false)
        }
        try await change(.removeNode(path: wire(path), changed: changed, inode: inode), path)
    }

    func move(_ source: FilePath, to target: FilePath, overwrite: Bool) async throws {
        try await change(.move(from: wire(source), to: wire(target), overwrite: overwrite), source)
    }

    func makeSymbolicLink(_ path: FilePath, target: FilePath) async throws {
        try await change(.makeSymbolicLink(path: wire(path), target: target.guestBytes), path)
    }

    func changeMode(_ path: FilePath, mode: UInt32) async throws {
        try await change(.changeMode(path: wire(path), mode: mode), path)
    }
}

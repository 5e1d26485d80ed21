import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SystemPackage

/// A file's bytes, in and out, without holding them.
struct FileContent: Sendable {
    let routes: FileRoutes

    func read(_ request: Request, _ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let files = try await routes.files(context)
        let path = try routes.path(query)
        if let header = request.headers[.range], let range = try ByteRange(header) {
            return try await part(range, of: path, in: files)
        }
        let offset = UInt64(try query.integer("offset") ?? 0)
        let source = try await FirstPiece.of(
            files.contents(of: path, offset: offset, length: try query.integer("length").map { UInt64($0) }))
        return ByteAnswer.response(.ok, headers: [.acceptRanges: "bytes"]) { try await source.next() }
    }

    private func part(_ range: ByteRange, of path: FilePath, in files: any SandboxFileSystem) async throws -> Response {
        let size = try await files.stat(path, followsLinks: true).size
        guard let bounds = range.bounds(in: size) else {
            throw StatusError(
                status: .rangeNotSatisfiable, failure: SandboxError(.invalidArgument, "the file has \(size) bytes", remedy: "ask for less"),
                headers: [.contentRange: "bytes */\(size)"])
        }
        let length = bounds.upperBound - bounds.lowerBound
        let source = try await FirstPiece.of(files.contents(of: path, offset: bounds.lowerBound, length: length))
        return ByteAnswer.response(
            .partialContent,
            headers: [.acceptRanges: "bytes", .contentRange: "bytes \(bounds.lowerBound)-\(bounds.upperBound - 1)/\(size)"], length: length
        ) { try await source.next() }
    }

    func write(_ request: Request, _ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let files = try await routes.files(context)
        let options = FileWriteOptions(
            mode: try query.integer("mode").map { UInt32($0) }, createsParents: try query.flag("parents") ?? false,
            appends: try query.flag("append") ?? false, exclusive: try query.flag("exclusive") ?? false)
        try await files.write(request.byteStream(), to: routes.path(query), options: options)
        return Response(status: .noContent)
    }
}

/// One range of a `Range` header.
struct ByteRange: Equatable {
    private var first: UInt64?
    private var last: UInt64?

    /// Nil for units or shapes that this server does not know: such a header is ignored, as the standard says.
    init?(_ header: String) throws {
        guard header.hasPrefix("bytes="), !header.contains(",") else { return nil }
        let parts = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        first = UInt64(parts[0])
        last = UInt64(parts[1])
        guard parts[0].isEmpty || first != nil, parts[1].isEmpty || last != nil, first != nil || last != nil else { return nil }
        if let first, let last, last < first { return nil }
    }

    /// Nil when nothing of it is in a file of this size.
    func bounds(in size: UInt64) -> Range<UInt64>? {
        guard let first else {
            guard let count = last, count > 0, size > 0 else { return nil }
            return (size - min(size, count))..<size
        }
        guard first < size else { return nil }
        guard let last, last < size - 1 else { return first..<size }
        return first..<(last + 1)
    }
}

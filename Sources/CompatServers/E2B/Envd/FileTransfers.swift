import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore
import SandboxEngine
import SandboxServer
import SystemPackage

/// `/files`: contents in and out, in bounded memory.
struct FileTransfers: Sendable {
    let services: CompatServices
    let filesystem: FilesystemService

    struct Written: Codable, Sendable {
        var path: String
        var name: String
        var type: String
    }

    func download(_ request: Request, in session: SessionRecord) async throws -> Response {
        let path = try filesystem.path(request.uri.queryParameters["path"].map(String.init))
        let files = try await services.engine.files(in: session.id)
        let entry = try await files.stat(path, followsLinks: true)
        guard entry.kind == .regular else { throw E2BFailure(400, "path '\(path)' is not a regular file") }
        let content = try await files.contents(of: path, offset: 0, length: nil)
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody { writer in
                for try await piece in content { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    func upload(_ request: Request, in session: SessionRecord) async throws -> [Written] {
        let files = try await services.engine.files(in: session.id)
        let type = request.headers[.contentType] ?? ""
        let named = request.uri.queryParameters["path"].map(String.init)
        if type.lowercased().hasPrefix("multipart/") {
            let form = try MultipartBody(request.body, contentType: type)
            var written: [Written] = []
            while let part = try await form.nextPart() {
                guard part.name == "file" else { continue }
                guard let name = named ?? part.filename, !name.isEmpty else { throw E2BFailure(400, "a file of the form has no path") }
                written.append(try await write(form.content, to: name, files))
            }
            guard !written.isEmpty else { throw E2BFailure(400, "the form has no part named 'file'") }
            return written
        }
        guard let named else { throw E2BFailure(400, "the query names no path") }
        guard request.headers[.contentEncoding].map({ $0 == "identity" }) ?? true else {
            throw E2BFailure(415, "compressed uploads are not served: send the file as it is")
        }
        return [try await write(request.byteStream(), to: named, files)]
    }

    private func write(_ content: SandboxStream<[UInt8]>, to name: String, _ files: any SandboxFileSystem) async throws -> Written {
        let path = try filesystem.path(name)
        try await files.write(content, to: path, options: FileWriteOptions(createsParents: true))
        return Written(path: path.string, name: path.lastComponent?.string ?? "", type: "file")
    }
}

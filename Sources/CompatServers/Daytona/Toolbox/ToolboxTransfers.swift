import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore
import SandboxEngine
import SandboxServer
import SystemPackage

/// Contents in and out, in bounded memory.
struct ToolboxTransfers: Sendable {
    let files: ToolboxFiles

    /// The service's own delimiter.
    private static let boundary = "DAYTONA-FILE-BOUNDARY"
    private static let mostPaths = 1000

    /// One file as it is.
    func download(_ request: Request, in session: SessionRecord) async throws -> Response {
        let path = try files.path(request.uri.queryParameters["path"].map(String.init))
        let system = try await files.files(in: session)
        try await Self.requireFile(path, system)
        let content = try await system.contents(of: path, offset: 0, length: nil)
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody { writer in
                for try await piece in content { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    /// Several files, each as a part of a form, or as the error that it met.
    func bulkDownload(_ request: Request, in session: SessionRecord) async throws -> Response {
        let message: ToolboxMessages.Paths = try await CompatJSON.decode(from: request)
        guard (1...Self.mostPaths).contains(message.paths.count) else {
            throw DaytonaFailure(400, "1 to \(Self.mostPaths) paths can be asked for at once")
        }
        let system = try await files.files(in: session)
        let files = files
        let route = request.uri.path
        return Response(
            status: .ok, headers: [.contentType: "multipart/form-data; boundary=\(Self.boundary)"],
            body: ResponseBody { writer in
                for name in message.paths {
                    let opened: SandboxStream<[UInt8]>
                    do {
                        let path = try files.path(name)
                        try await Self.requireFile(path, system)
                        opened = try await system.contents(of: path, offset: 0, length: nil)
                    } catch {
                        let body = DaytonaFailure(error).json(path: route, method: "POST", from: .daemon)
                        try await writer.write(Self.head("error", name, type: "application/json"))
                        try await writer.write(ByteBuffer(bytes: body))
                        continue
                    }
                    try await writer.write(Self.head("file", name, type: "application/octet-stream"))
                    // A failure in the midst of a file cuts the answer off, which its reader notices.
                    for try await piece in opened { try await writer.write(ByteBuffer(bytes: piece)) }
                }
                try await writer.write(ByteBuffer(string: "\r\n--\(Self.boundary)--\r\n"))
                try await writer.finish(nil)
            })
    }

    /// The files of a form, each after the field that says where it goes.
    func bulkUpload(_ request: Request, in session: SessionRecord) async throws -> ToolboxMessages.Uploaded {
        let form = try MultipartBody(request.body, contentType: request.headers[.contentType] ?? "")
        let system = try await files.files(in: session)
        var targets: [String: String] = [:]
        var uploaded = ToolboxMessages.Uploaded()
        var errors: [String] = []
        while let part = try await form.nextPart() {
            guard let dot = part.name.lastIndex(of: ".") else { continue }
            let key = String(part.name[..<dot])
            switch part.name[dot...] {
            case ".path":
                guard targets.count < Self.mostPaths else { throw DaytonaFailure(400, "at most \(Self.mostPaths) files at once") }
                targets[key] = try await form.text(limit: 4096)
            case ".file":
                guard let name = targets[key] ?? part.filename, !name.isEmpty else {
                    errors.append("\(part.name): no path was given before the file")
                    continue
                }
                do {
                    uploaded.files.append(try await write(form.content, to: name, system))
                } catch let refusal as FileRefusal {
                    errors.append("\(name): \(refusal)")
                }
            default: continue
            }
        }
        guard !uploaded.files.isEmpty || !errors.isEmpty else { throw DaytonaFailure(400, "the form has no files") }
        uploaded.errors = errors.isEmpty ? nil : errors
        return uploaded
    }

    /// One file: the field `file` of a form, or the body as it is.
    func upload(_ request: Request, in session: SessionRecord) async throws -> ToolboxMessages.Uploaded.File {
        guard let name = request.uri.queryParameters["path"].map(String.init), !name.isEmpty else {
            throw DaytonaFailure(400, "the query names no path")
        }
        let type = request.headers[.contentType] ?? ""
        let system = try await files.files(in: session)
        guard type.lowercased().hasPrefix("multipart/") else { return try await write(request.byteStream(), to: name, system) }
        let form = try MultipartBody(request.body, contentType: type)
        while let part = try await form.nextPart() {
            if part.name == "file" { return try await write(form.content, to: name, system) }
        }
        throw DaytonaFailure(400, "the form has no part named 'file'")
    }

    private func write(
        _ content: SandboxStream<[UInt8]>, to name: String, _ system: any SandboxFileSystem
    ) async throws -> ToolboxMessages.Uploaded.File {
        let path = try files.path(name)
        let counted = CountedStream(content)
        try await system.write(counted.stream, to: path, options: FileWriteOptions(createsParents: true))
        return ToolboxMessages.Uploaded.File(path: name, bytes: counted.count)
    }

    private static func requireFile(_ path: FilePath, _ system: any SandboxFileSystem) async throws {
        guard try await system.stat(path, followsLinks: true).kind == .regular else {
            throw DaytonaFailure(400, "path is not a file: \(path)", code: "INVALID_FILE_PATH")
        }
    }

    /// A part's head. Names that are not plain are told in the form that has escapes for everything.
    private static func head(_ field: String, _ name: String, type: String) -> ByteBuffer {
        let escaped = name.utf8.map { byte -> String in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._~/".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        let filename = escaped == name ? "filename=\"\(name)\"" : "filename*=UTF-8''\(escaped)"
        return ByteBuffer(
            string: "\r\n--\(boundary)\r\nContent-Type: \(type)\r\nContent-Disposition: form-data; name=\"\(field)\"; \(filename)\r\n\r\n")
    }
}

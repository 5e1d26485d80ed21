import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore
import SandboxEngine
import SandboxServer
import SystemPackage

/// The files of a sandbox.
struct VercelFiles: Sendable {
    let services: CompatServices

    /// Unpacks an archive with the sandbox's own `tar`: what it holds is the sandbox's affair.
    func write(_ request: Request, in sandbox: VercelRecord) async throws {
        let type = request.headers[.contentType] ?? ""
        guard type.hasPrefix("application/gzip") else { throw VercelFailure(400, "bad_request", "files come as application/gzip") }
        let directory = try HomePaths.resolve(request.headers[Self.directoryField], home: VercelServer.home)
        let exec = try await services.engine.start(
            sandbox.id,
            ExecRequest(
                .arguments(["/bin/sh", "-c", "mkdir -p \"$1\" && exec tar -xpzf - -C \"$1\"", "sh", directory.string]), input: .stream,
                timeout: Self.patience, killGrace: .zero))
        let result: ExecResult
        do {
            result = try await withThrowingTaskGroup(of: ExecResult?.self) { group in
                group.addTask { try await exec.collect(limit: 64 << 10) }
                group.addTask {
                    do {
                        for try await piece in request.byteStream() { try await exec.write(piece) }
                        try await exec.closeInput()
                    } catch let error as SandboxError where error.code == .conflict {
                        // It has ended, and its end says why.
                    }
                    return nil
                }
                while let finished = try await group.next() {
                    guard let result = finished else { continue }
                    group.cancelAll()
                    return result
                }
                throw CancellationError()
            }
        } catch {
            // A body that broke off leaves nothing running.
            try? await exec.cancel()
            throw error
        }
        guard result.outcome.isSuccess else {
            throw VercelFailure(400, "bad_request", "the files could not be written: \(result.errorText.prefix(500))")
        }
    }

    func read(_ message: CommandMessages.Path, in sandbox: VercelRecord) async throws -> Response {
        let path = try path(message)
        let files = try await services.engine.files(in: sandbox.id)
        guard try await files.stat(path, followsLinks: true).kind == .regular else {
            throw VercelFailure(400, "bad_request", "'\(path)' is not a file")
        }
        let content = try await files.contents(of: path, offset: 0, length: nil)
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody { writer in
                for try await piece in content { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    func makeDirectory(_ message: CommandMessages.Path, in sandbox: VercelRecord) async throws {
        try await services.engine.files(in: sandbox.id).makeDirectory(try path(message), mode: 0o755, parents: message.recursive == true)
    }

    private func path(_ message: CommandMessages.Path) throws -> FilePath {
        guard let path = message.path, !path.isEmpty else { throw VercelFailure(400, "bad_request", "there is no path") }
        let base = try HomePaths.resolve(message.cwd, home: VercelServer.home)
        return try HomePaths.resolve(path, home: base)
    }

    /// As long as the service's clients wait for files.
    private static let patience = Duration.seconds(300)
    private static let directoryField = field("x-cwd")
}

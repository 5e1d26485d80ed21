// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Foundation
import SandboxCore
import SandboxHTTP

extension EngineAPI {
    /// For each of the two calls that make a connection.
    private static let connecting = Duration.seconds(30)

    /// Unpacks an archive into the container's own layer.
    func send(_ archive: SandboxStream<[UInt8]>, to container: String) async throws {
        let call = HTTPCall(
            .put, "/containers/\(container)/archive", query: [("path", "/")], body: .stream(archive, type: "application/x-tar"),
            deadline: Self.slow)
        _ = try await send(call, "sending files into the container")
    }

    /// A small file of a container, started or not; nil when there is none.
    func file(_ path: String, of container: String) async throws -> [UInt8]? {
        let call = HTTPCall(.get, versioned("/containers/\(container)/archive"), query: [("path", path)], deadline: Self.slow)
        let answer = try await client.send(call, limit: 4 << 20)
        if answer.status == 404 { return nil }
        guard answer.isSuccess else { throw Self.refusal(answer, "reading \(path) of the container", dialect) }
        return TapeArchive.firstFile(answer.body)
    }

    /// Starts a process in a running container and returns a descriptor that is its standard input and output; the caller closes it.
    func connect(to container: String, by command: [String]) async throws -> Int32 {
        struct Creation: Encodable {
            var AttachStdin = true
            var AttachStdout = true
            var AttachStderr = true
            var Tty = false
            var Cmd: [String]
        }
        let what = "reaching the guest in the container"
        let creation = HTTPCall(
            .post, "/containers/\(container)/exec",
            body: .bytes(Array(try JSONEncoder().encode(Creation(Cmd: command))), type: "application/json"), deadline: Self.connecting)
        let made = try Self.decode(EngineMessage.Created.self, try await send(creation, what), dialect)
        let start = HTTPCall(
            .post, versioned("/exec/\(made.Id)/start"),
            body: .bytes(Array(#"{"Detach":false,"Tty":false}"#.utf8), type: "application/json"),
            deadline: Self.connecting)
        let dialect = dialect
        return try await client.tunnel(start, framing: .numberedStreams) { Self.refusal($0, what, dialect) }
    }
}

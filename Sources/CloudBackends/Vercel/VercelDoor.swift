import Foundation
import GuestClient
import SandboxCore
import SandboxHTTP
import SandboxProcess
import SystemPackage

/// The session of one sandbox.
struct VercelDoor: CloudDoor {
    /// Output comes as text in JSON.
    let carriesText = true

    let calls: CloudCalls
    /// The path that all calls begin with.
    let session: String
    let team: String
    let archives: UploadArchives

    private static let deadline = Duration.seconds(60)
    private static let largestOutput = 1 << 20

    func run(_ command: [String]) async throws -> CloudRun {
        var message = VercelMessage.Start(command: command[0], args: Array(command.dropFirst()))
        (message.wait, message.logs, message.timeout) = (true, true, Self.deadline.components.seconds * 1000)
        let request = try call("/cmd", message)
        return try await withDeadline(Self.deadline * 2, for: "a command in the sandbox") {
            let lines = try RecordLines(try await calls.open(request, .always), backend: calls.backend)
            var run = CloudRun()
            var hasBegun = false
            while let record = try await lines.next() {
                if let text = record.text {
                    if record.stream == "stderr" { run.errors += Array(text.utf8) } else { run.output += Array(text.utf8) }
                }
                guard run.output.count + run.errors.count <= Self.largestOutput else {
                    throw SandboxError(
                        .limitExceeded, "a command in the sandbox printed more than \(Self.largestOutput) bytes", backend: calls.backend)
                }
                guard let command = record.command else { continue }
                // The first of the two is the beginning; what comes between them is the output.
                if hasBegun, let code = command.exitCode {
                    run.exitCode = code
                    return run
                }
                hasBegun = true
            }
            throw SandboxError(
                .unavailable, "the stream of a command ended before the command", remedy: "try again", backend: calls.backend)
        }
    }

    /// The service unpacks an archive.
    func upload(_ bytes: [UInt8], to path: FilePath) async throws {
        let archive = archives.archive(bytes, at: path)
        var request = HTTPCall(
            .post, "\(session)/fs/write", query: [("teamId", team)], body: .bytes(archive, type: "application/gzip"),
            deadline: .seconds(300))
        request.headers = [("x-cwd", "/")]
        _ = try await calls.send(request, .always)
    }

    func startDaemon(_ command: [String]) async throws -> String {
        try await start(VercelMessage.Start(command: command[0], args: Array(command.dropFirst()))).id
    }

    func ending(of daemon: String) async throws -> CloudRun? {
        let path = "\(session)/cmd/\(HTTPText.segment(daemon))"
        do {
            let answer: VercelMessage.CommandAnswer = try CloudJSON.decode(
                try await calls.send(HTTPCall(.get, path, query: [("teamId", team), ("wait", "false")]), .always))
            return answer.command.exitCode.map { CloudRun(exitCode: $0) }
        } catch let error as SandboxError where error.code == .notFound {
            return CloudRun()
        }
    }

    func relay(_ command: [String]) async throws -> any GuestCarrier {
        var message = VercelMessage.Start(command: command[0], args: Array(command.dropFirst()))
        message.attachStdin = true
        let started = try await start(message)
        let path = "\(session)/cmd/\(HTTPText.segment(started.id))"
        do {
            let output = try await calls.open(HTTPCall(.get, "\(path)/logs", query: [("teamId", team)]), .always)
            return VercelRelay(path: path, team: team, output: try RecordLines(output, backend: calls.backend), calls: calls)
        } catch {
            await VercelRelay.end(path, team, calls)
            throw error
        }
    }

    /// Sent twice it would run twice.
    private func start(_ message: VercelMessage.Start) async throws -> VercelMessage.Command {
        let answer: VercelMessage.CommandAnswer = try CloudJSON.decode(try await calls.send(try call("/cmd", message), .onlyWhenRefused))
        return answer.command
    }

    private func call(_ path: String, _ body: some Encodable) throws -> HTTPCall {
        var call = try CloudJSON.call(.post, session + path, body)
        call.query = [("teamId", team)]
        return call
    }
}

/// A command's stream: a JSON object a line.
actor RecordLines {
    private static let longestLine = 4 << 20

    private let body: SandboxStream<[UInt8]>
    private let backend: BackendID
    private var buffer: [UInt8] = []
    private var start = 0

    init(_ answer: HTTPStreamedAnswer, backend: BackendID) throws {
        let type = answer.headers["Content-Type"]?.lowercased() ?? ""
        guard type.hasPrefix("application/x-ndjson") else {
            throw SandboxError(
                .protocolViolation, "the service answers '\(type.prefix(60))' instead of a command's stream", remedy: "check its address",
                backend: backend)
        }
        body = answer.body
        self.backend = backend
    }

    /// The next record; nil at the end. Throws what the service says of the stream. One caller at a time.
    func next() async throws -> VercelMessage.Record? {
        while true {
            if let end = buffer.index(of: 0x0A, from: start, to: buffer.count) {
                let line = Array(buffer[start..<end])
                start = end + 1
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
                let record: VercelMessage.Record = try CloudJSON.decode(line)
                guard record.stream != "error" else {
                    let words = String((record.failure?.message ?? "").prefix(300).map { $0.isASCII && !$0.isNewline ? $0 : "?" })
                    throw SandboxError(
                        .unavailable, "the service ended a command's stream: \(words)", remedy: "see whether the sandbox lives",
                        backend: backend)
                }
                return record
            }
            guard buffer.count - start <= Self.longestLine else {
                throw SandboxError(
                    .protocolViolation, "the service sends a line without an end", remedy: "check its address", backend: backend)
            }
            var reader = body.makeAsyncIterator()
            guard let piece = try await reader.next() else {
                guard start == buffer.count else {
                    throw SandboxError(.unavailable, "a command's stream was cut off", remedy: "try again", backend: backend)
                }
                return nil
            }
            buffer.removeFirst(start)
            start = 0
            buffer += piece
        }
    }
}

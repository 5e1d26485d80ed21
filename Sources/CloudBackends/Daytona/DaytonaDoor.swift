import Foundation
import GuestClient
import SandboxCore
import SandboxHTTP
import SystemPackage

/// The toolbox of one sandbox.
struct DaytonaDoor: CloudDoor {
    /// Output comes as text, input as lines.
    let carriesText = true

    let calls: CloudCalls

    /// The session of the guest; there is one guest.
    private static let guestSession = "sandlot-guest"

    func run(_ command: [String]) async throws -> CloudRun {
        let message = DaytonaMessage.Execute(command: ShellWord.line(command), timeout: 60)
        let done: DaytonaMessage.Executed = try CloudJSON.decode(
            try await calls.send(try CloudJSON.call(.post, "/process/execute", message, deadline: .seconds(75)), .always))
        return CloudRun(exitCode: done.exitCode, output: Array((done.result ?? "").utf8))
    }

    func upload(_ bytes: [UInt8], to path: FilePath) async throws {
        let boundary = "sandlot-\(ExecID.random())"
        func part(_ name: String, _ file: String) -> [UInt8] {
            Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"files[0].\(name)\"\(file)\r\n\r\n".utf8)
        }
        var body = part("path", "") + Array("\(path)\r\n".utf8)
        body += part("file", "; filename=\"guest\"\r\nContent-Type: application/octet-stream") + bytes
        body += Array("\r\n--\(boundary)--\r\n".utf8)
        let call = HTTPCall(
            .post, "/files/bulk-upload", body: .bytes(body, type: "multipart/form-data; boundary=\(boundary)"), deadline: .seconds(300))
        _ = try await calls.send(call, .always)
    }

    func startDaemon(_ command: [String]) async throws -> String { try await start(command, in: Self.guestSession) }

    func ending(of daemon: String) async throws -> CloudRun? {
        let path = "/process/session/\(Self.guestSession)/command/\(HTTPText.segment(daemon))"
        do {
            let command: DaytonaMessage.Command = try CloudJSON.decode(try await calls.send(HTTPCall(.get, path), .always))
            guard let code = command.exitCode else { return nil }
            let logs: DaytonaMessage.Logs? = try? CloudJSON.decode(try await calls.send(HTTPCall(.get, "\(path)/logs"), .always))
            return CloudRun(exitCode: code, errors: Array("\(logs?.stderr ?? "")\(logs?.stdout ?? "")".utf8))
        } catch let error as SandboxError where error.code == .notFound {
            return CloudRun()
        }
    }

    func relay(_ command: [String]) async throws -> any GuestCarrier {
        let session = "sandlot-relay-\(ExecID.random().rawValue.dropFirst(4))"
        let path = "/process/session/\(session)"
        do {
            let id = try await start(command, in: session)
            let output = try await calls.socket(
                HTTPCall(.get, "\(path)/command/\(HTTPText.segment(id))/logs", query: [("follow", "true")]))
            return DaytonaRelay(session: path, command: id, output: output, calls: calls)
        } catch {
            await DaytonaRelay.end(path, calls)
            throw error
        }
    }

    /// Runs a command in a session of its own, which is a shell. Commands of one session run one after the other.
    private func start(_ command: [String], in session: String) async throws -> String {
        do {
            _ = try await calls.send(
                try CloudJSON.call(.post, "/process/session", DaytonaMessage.Session(sessionId: session)), .always)
        } catch let error as SandboxError where error.code == .conflict {
            // The names are ours alone: an earlier call was done, and its answer lost.
        }
        // Sent twice it would run twice.
        let done: DaytonaMessage.SessionExecuted = try CloudJSON.decode(
            try await calls.send(
                try CloudJSON.call(
                    .post, "/process/session/\(session)/exec", DaytonaMessage.SessionExecute(command: ShellWord.line(command))),
                .onlyWhenRefused))
        return done.cmdId
    }
}

import Foundation
import GuestClient
import SandboxCore
import SandboxHTTP
import SandboxProcess
import SystemPackage

/// The daemon of one sandbox: the Connect protocol with JSON, and plain HTTP for files.
struct E2BDoor: CloudDoor {
    static let port = 49983
    /// Its bytes travel in base 64, so a relay's streams may carry anything.
    let carriesText = false

    let calls: CloudCalls

    private static let commandDeadline = Duration.seconds(60)
    private static let largestOutput = 1 << 20

    func run(_ command: [String]) async throws -> CloudRun {
        try await withDeadline(Self.commandDeadline, for: "a command in the sandbox") {
            let stream = try await start(command, takesInput: false, tag: nil, limit: Self.commandDeadline)
            var run = CloudRun()
            while let event = try await stream.next() {
                run.output += event.data?.stdout ?? Data()
                run.errors += event.data?.stderr ?? Data()
                guard run.output.count + run.errors.count <= Self.largestOutput else {
                    throw SandboxError(
                        .limitExceeded, "a command in the sandbox printed more than \(Self.largestOutput) bytes", backend: calls.backend)
                }
                if let end = event.end {
                    run.exitCode = end.exitCode ?? 0
                    return run
                }
            }
            throw SandboxError(
                .unavailable, "the stream of a command ended before the command", remedy: "try again", backend: calls.backend)
        }
    }

    func upload(_ bytes: [UInt8], to path: FilePath) async throws {
        let call = HTTPCall(
            .post, "/files", query: [("path", path.string)], body: .bytes(bytes, type: "application/octet-stream"), deadline: .seconds(300))
        _ = try await calls.send(call, .always)
    }

    /// The process's number; the tag is for people.
    func startDaemon(_ command: [String]) async throws -> String {
        // The stream is let go once it runs: the command goes on without a listener.
        "\(try await start(command, takesInput: false, tag: "sandlot-guest", limit: nil).process)"
    }

    func ending(of daemon: String) async throws -> CloudRun? {
        let answer = try await calls.send(try CloudJSON.call(.post, "/process.Process/List", [String: String]()), .always)
        let running: E2BMessage.Running = try CloudJSON.decode(answer)
        return running.processes?.contains { $0.pid.map { "\($0)" } == daemon } == true ? nil : CloudRun()
    }

    func relay(_ command: [String]) async throws -> any GuestCarrier {
        let stream = try await start(command, takesInput: true, tag: nil, limit: nil)
        return E2BRelay(process: stream.process, stream: stream, calls: calls)
    }

    /// Starts a process and returns when its stream says that it runs. With a limit the service kills it then.
    private func start(_ command: [String], takesInput: Bool, tag: String?, limit: Duration?) async throws -> E2BProcessStream {
        let message = E2BMessage.Start(
            process: .init(cmd: command[0], args: Array(command.dropFirst())), stdin: takesInput, tag: tag)
        var call = HTTPCall(
            .post, "/process.Process/Start", body: .bytes(ConnectFrames.frame(try CloudJSON.encode(message)), type: ConnectFrames.type))
        call.headers = [("Connect-Protocol-Version", "1"), ("Keepalive-Ping-Interval", "30")]
        if let limit { call.headers.append(("Connect-Timeout-Ms", "\(limit.components.seconds * 1000)")) }
        let request = call
        return try await withDeadline(.seconds(60), for: "the start of a command in the sandbox") {
            try await E2BProcessStream.open(try await calls.open(request, .always), backend: calls.backend)
        }
    }
}

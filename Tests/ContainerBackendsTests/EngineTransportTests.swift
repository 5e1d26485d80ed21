// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import ContainerBackends
import Foundation
import Glibc
import Logging
import SandboxCore
import SandboxHTTP
import SystemPackage
import Testing

/// Docker's own TLS, as `Scripts/start-engines` starts it: both sides have a certificate.
private enum SecureDocker {
    static let address = ProcessInfo.processInfo.environment["SANDLOT_TEST_DOCKER_TLS"]
    static let certificates = ProcessInfo.processInfo.environment["SANDLOT_TEST_DOCKER_CERTIFICATES"]
    static let docker = RealEngine.all.first { $0.name == "docker" }
    static let isThere = address != nil && certificates != nil && docker != nil

    /// The engine as its environment variables name it, not the settings.
    static func engine(certificates folder: String, verifies: Bool = true) throws -> RealEngine {
        var engine = try #require(docker)
        let address = try #require(address)
        engine.make = { host, settings in
            var (host, settings) = (host, settings)
            host.variables["DOCKER_HOST"] = address
            host.variables["DOCKER_CERT_PATH"] = folder
            host.variables["DOCKER_TLS_VERIFY"] = verifies ? "1" : nil
            settings.host = nil
            return ContainerBackend.docker(host: host, settings: settings)
        }
        return engine
    }
}

@Suite("An engine over the network", .serialized, .timeLimit(.minutes(3)), .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing))
struct EngineTransportTests {
    @Test(
        "by TLS with certificates on both sides its sandboxes work and leave nothing",
        .enabled(if: SecureDocker.isThere, RealEngine.missing))
    func secure() async throws {
        let engine = try SecureDocker.engine(certificates: try #require(SecureDocker.certificates))
        try await withStage(engine) { stage in
            try await Self.use(stage, scheme: "https://")
        }
    }

    @Test("by TCP its sandboxes work and leave nothing", arguments: RealEngine.all)
    func plain(_ engine: RealEngine) async throws {
        let relay = try SocketRelay(to: engine.socket)
        defer { relay.stop() }
        try await withStage(engine, settings: ["host": ["tcp://127.0.0.1:\(relay.port)"]]) { stage in
            try await Self.use(stage, scheme: "http://")
        }
    }

    @Test(
        "an engine whom nobody vouches for is not believed, and a certificate that is not there is named",
        .enabled(if: SecureDocker.isThere))
    func strangers() async throws {
        let whole = FilePath(try #require(SecureDocker.certificates))
        var template = Array("\(temporaryDirectory)/sandlot-tls-XXXXXX".utf8CString)
        let folder = FilePath(String(cString: try #require(mkdtemp(&template))))
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        func copy(_ name: String, as other: String) throws {
            let text = try String(contentsOfFile: whole.appending(name).string, encoding: .utf8)
            try text.write(toFile: folder.appending(other).string, atomically: true, encoding: .utf8)
        }
        // An authority that signed nothing: the client's own certificate.
        try copy("cert.pem", as: "ca.pem")
        try copy("cert.pem", as: "cert.pem")
        try copy("key.pem", as: "key.pem")
        let probe = await (try SecureDocker.engine(certificates: folder.string).make(try bareHost(), try ContainerSettings())).probe()
        #expect(!probe.isAvailable, "\(probe)")
        try copy("ca.pem", as: "ca.pem")
        try FileManager.default.removeItem(atPath: folder.appending("cert.pem").string)
        let missing = await (try SecureDocker.engine(certificates: folder.string).make(try bareHost(), try ContainerSettings())).probe()
        guard case .unavailable(let reason, _) = missing else {
            Issue.record("it was let in without its certificate")
            return
        }
        #expect(reason.contains("\(folder)/cert.pem"))
    }

    @Test("what one side has ended the other can still answer, over each kind of connection", arguments: RealEngine.all)
    func halfClosed(_ engine: RealEngine) async throws {
        let relay = try SocketRelay(to: engine.socket)
        defer { relay.stop() }
        var endpoints: [HTTPEndpoint] = [
            .unixSocket(engine.socket), .network(host: "127.0.0.1", port: Int(relay.port), security: nil),
        ]
        if engine.name == "docker", let address = SecureDocker.address, let folder = SecureDocker.certificates.map({ FilePath($0) }) {
            let security = TransportSecurity(
                authority: folder.appending("ca.pem"), certificate: folder.appending("cert.pem"), key: folder.appending("key.pem"))
            endpoints.append(try HTTPEndpoint(parsing: address, security: security))
        }
        try await withStage(engine) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            for endpoint in endpoints {
                let client = try HTTPAPIClient(endpoint, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                let heard = try await Self.count(3_000_000, by: client, in: stage.container(sandbox))
                #expect(heard == "3000000\nend\n", "\(endpoint)")
            }
            try await sandbox.destroy()
        }
    }

    /// One sandbox from its making to its end, with a command that reads to the end of its input, a file, and a second connection.
    private static func use(_ stage: Stage, scheme: String) async throws {
        guard case .available(let details) = await stage.backend.probe() else {
            Issue.record("\(await stage.backend.probe())")
            return
        }
        #expect(details["address"]?.hasPrefix(scheme) == true && details["files"]?.contains("sent") == true)
        let sandbox = try await stage.backend.create(stage.spec()) { _ in }
        let input = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(try await sandbox.run(ExecRequest(.shell("wc -c; echo end; exit 3")), input: input).outputText == "1048576\nend\n")
        try await sandbox.files.write(text: "hello", to: "file")
        let again = try await stage.backend.attach(to: sandbox.reference)
        #expect(try await again.run(ExecRequest(.shell("cat file"))).outputText == "hello")
        try await again.destroy()
        #expect(try await stage.backend.list(owner: sandbox.reference.owner).isEmpty)
    }

    /// What a process of the engine's says about its input, which it can only say when that has ended.
    private static func count(_ length: Int, by client: HTTPAPIClient, in container: String) async throws -> String {
        struct Made: Decodable { var Id: String }
        let body = Array(#"{"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Cmd":["sh","-c","wc -c; echo end"]}"#.utf8)
        let answer = try await client.send(
            HTTPCall(.post, "/v1.40/containers/\(container)/exec", body: .bytes(body, type: "application/json")))
        let id = try JSONDecoder().decode(Made.self, from: Data(answer.body)).Id
        let start = HTTPCall(
            .post, "/v1.40/exec/\(id)/start", body: .bytes(Array(#"{"Detach":false,"Tty":false}"#.utf8), type: "application/json"))
        let descriptor = try await client.tunnel(start, framing: .numberedStreams) { SandboxError(.unavailable, $0.text) }
        return await withCheckedContinuation { continuation in
            // Calls that block need a thread of their own; none of them waits for longer than this.
            Thread.detachNewThread {
                var patience = timeval(tv_sec: 30, tv_usec: 0)
                for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                    setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
                }
                let bytes = [UInt8](repeating: 0x61, count: length)
                var sent = 0
                while sent < length {
                    let put = bytes.withUnsafeBytes {
                        send(descriptor, $0.baseAddress.map { $0 + sent }, length - sent, Int32(MSG_NOSIGNAL))
                    }
                    guard put > 0 else { break }
                    sent += put
                }
                shutdown(descriptor, Int32(SHUT_WR))
                var heard: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = read(descriptor, &piece, piece.count)
                    guard count > 0 else { break }
                    heard += piece[..<count]
                }
                close(descriptor)
                continuation.resume(returning: String(decoding: heard, as: UTF8.self))
            }
        }
    }
}

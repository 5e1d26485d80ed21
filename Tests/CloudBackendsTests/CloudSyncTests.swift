import CloudBackends
import CompatServers
import Foundation
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import ServedEngine
import SystemPackage
import Testing

@Suite("Workspaces at a service", .timeLimit(.minutes(2)), .serialized, .enabled(if: canServe, "bubblewrap and SANDLOT_GUEST are needed"))
struct CloudSyncTests {
    @Test(
        "a project goes in, an edit of a large file goes as the piece that it is, and the work comes out", arguments: CompatService.allCases
    )
    func deltaSync(_ service: CompatService) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sandlot-sync-\(UUID().uuidString)")
        let project = folder.appending(path: "project")
        try FileManager.default.createDirectory(at: project, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Not to be guessed from a piece of itself.
        var state: UInt64 = 7
        let words = (0..<(1 << 19)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return state
        }
        var content = words.withUnsafeBytes { Data($0) }
        let big = project.appending(path: "big")
        try content.write(to: big)
        try await CloudFixture.with(service) { fixture in
            let engine = try Engine(
                configuration: EngineConfiguration(dataDirectory: FilePath(folder.appending(path: "data").path)),
                backends: [fixture.backend],
                logger: ServedEngine.logger)
            do {
                let session = try await engine.open(
                    SessionRequest(
                        backend: fixture.backend.descriptor.id, workspace: .synced(WorkspaceSync(directory: FilePath(project.path)))))
                func shell(_ line: String) async throws -> String {
                    try await engine.start(session.id, ExecRequest(.shell(line))).collect(limit: 4096).outputText
                }
                #expect(try await shell("wc -c <big").filter(\.isNumber) == "\(content.count)")
                let before = fixture.proxy.bodyBytes
                content[2_000_000] ^= 0xFF
                try content.write(to: big)
                #expect(try await engine.push(session.id).changes.map(\.path.description) == ["big"])
                let sent = fixture.proxy.bodyBytes - before
                #expect(sent < content.count / 4, "\(sent) bytes for one")
                #expect(try await shell("cksum <big; echo inside >made") == Self.cksum(content))
                try await engine.close(session.id)
                #expect(try String(contentsOf: project.appending(path: "made"), encoding: .utf8) == "inside\n")
            } catch {
                await engine.shutdown()
                throw error
            }
            await engine.shutdown()
        }
    }

    /// As the command of that name prints it.
    private static func cksum(_ data: Data) throws -> String {
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/cksum")
        let file = FileManager.default.temporaryDirectory.appending(path: "sandlot-cksum-\(UUID().uuidString)")
        try data.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = Pipe()
        tool.standardInput = try FileHandle(forReadingFrom: file)
        tool.standardOutput = output
        try tool.run()
        tool.waitUntilExit()
        return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}

import ContainerBackends
import SandboxCore
import SandboxHTTP
import Testing

@Suite("The user of a container", .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing), .timeLimit(.minutes(10)))
struct AccountTests {
    @Test(
        "has a name that programs find, and the image is as before", arguments: RealEngine.all,
        [["guest_delivery": ["auto"]], ["guest_delivery": ["archive"]]])
    func name(_ engine: RealEngine, _ settings: [String: [String]]) async throws {
        try await withStage(engine, settings: settings) { stage in
            let sandbox = try await stage.backend.create(stage.spec()) { _ in }
            let result = try await sandbox.run(
                ExecRequest(.shell("whoami; id -gn; grep -c ^root: /etc/passwd; test $(id -u) != 0 && echo ordinary")))
            #expect(result.outputText == "sandbox\nsandbox\n1\nordinary\n", "\(result.errorText)")
            try await sandbox.destroy()
            try await stage.engineCall(
                .post, "/containers/create", query: [("name", "look-\(sandbox.reference.id)")],
                body: Array(#"{"Image":"\#(RealEngine.image)","Cmd":["true"]}"#.utf8))
            let file = try await stage.engineCall(
                .get, "/containers/look-\(sandbox.reference.id)/archive", query: [("path", "/etc/passwd")])
            #expect(file.text.contains("root:x:0:0") && !file.text.contains("sandbox"))
            try await stage.engineCall(.delete, "/containers/look-\(sandbox.reference.id)", query: [("force", "1")])
        }
    }
}

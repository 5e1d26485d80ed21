import ContainerBackends
import Foundation
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

/// A backend for Apple's containers whose `container` command is our stand-in, installed in a folder of its own.
struct AppleStage: Sendable {
    let root: FilePath
    let host: HostFacts
    let settings: AppleSettings
    let backend: AppleContainerBackend

    static let missing: Comment = "the stand-in needs root, bwrap, a static busybox, /usr/bin/python3, and SANDLOT_GUEST"
    static let isPossible: Bool = {
        let path = "/usr/bin:/bin:/usr/local/bin:/usr/sbin"
        return geteuid() == 0 && RealEngine.guest != nil
            && ["bwrap", "busybox", "/usr/bin/python3"].allSatisfy { CommandRunner.find($0, searchPath: path) != nil }
    }()

    init(root: FilePath, command: FilePath) throws {
        self.root = root
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        host = HostFacts.current(
            dataDirectory: root.appending("data"), keeper: try ProcessKeeper(), logger: logger, guest: { FilePath(RealEngine.guest ?? "") })
        settings = try AppleSettings(["command": [command.string], "image": ["localhost/busybox:latest"]])
        backend = AppleContainerBackend(host: host, settings: settings)
    }

    func spec(_ edit: (inout SandboxSpec) -> Void = { _ in }) -> SandboxSpec {
        var spec = SandboxSpec(owner: .random())
        edit(&spec)
        return spec
    }

    /// Asks the command as somebody else would.
    @discardableResult
    func command(_ words: String...) async throws -> String {
        let result = try await CommandRunner(keeper: host.keeper).run(
            FilePath(settings.command ?? ""), words, environment: ["PATH": "/usr/bin:/bin"])
        #expect(result.isSuccess, "container \(words.joined(separator: " ")): \(result.errorText)")
        return result.outputText
    }

    /// The service goes away, or comes back.
    func setService(running: Bool) throws {
        let flag = root.appending("state").appending("down").string
        if running { unlink(flag) } else { #expect(FileManager.default.createFile(atPath: flag, contents: nil)) }
    }
}

/// Installs the stand-in, runs the body, and checks that nothing of a sandbox is left.
func withAppleStage<R>(_ body: (AppleStage) async throws -> R) async throws -> R {
    var template = Array("\(temporaryDirectory)/sandlot-apl-XXXXXX".utf8CString)
    let root = FilePath(String(cString: try #require(mkdtemp(&template))))
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    chmod(root.string, 0o755)
    let command = root.appending("container")
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/apple-container/container")
    try FileManager.default.copyItem(atPath: source.path, toPath: command.string)
    let stage = try AppleStage(root: root, command: command)
    let result = try await body(stage)
    for folder in [root.appending("data").appending("containers"), root.appending("state").appending("containers")] {
        let left = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
        #expect(left.isEmpty, "\(left) are left in \(folder)")
    }
    return result
}

/// A `container` command that answers every question well but fails at one verb with these words.
func withFailingCommand(_ verb: String, saying text: String, status: Int = 1, _ body: (AppleContainerBackend) async throws -> Void)
    async throws
{
    var template = Array("\(temporaryDirectory)/sandlot-apl-XXXXXX".utf8CString)
    let root = FilePath(String(cString: try #require(mkdtemp(&template))))
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    let command = root.appending("container")
    let script = """
        #!/bin/sh
        if [ "$1" = "\(verb)" ]; then cat >&2 <<'SAID'
        \(text)
        SAID
        exit \(status); fi
        case "$1" in
            system) echo '{"status":"running","apiServerVersion":"container-apiserver version 1.2.2 (build: release)"}' ;;
            list) echo '[]' ;;
            *) echo ok ;;
        esac
        """
    try script.write(toFile: command.string, atomically: true, encoding: .utf8)
    chmod(command.string, 0o755)
    let guest = root.appending("guest")
    #expect(FileManager.default.createFile(atPath: guest.string, contents: Data("guest".utf8)))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let host = HostFacts.current(
        dataDirectory: root.appending("data"), keeper: try ProcessKeeper(), logger: logger, guest: { guest })
    try await body(
        AppleContainerBackend(host: host, settings: try AppleSettings(["command": [command.string], "image": ["localhost/any:1"]])))
    // What was refused early made no folder at all.
    let left = (try? FileManager.default.contentsOfDirectory(atPath: root.appending("data").appending("containers").string)) ?? []
    #expect(left.isEmpty, "\(left) are left")
}

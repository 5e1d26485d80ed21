import Foundation
import Logging
import SandboxCore
import SandboxTesting
import ServedEngine
import StandardBackends
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Everything that the suite runs on, made once per test process.
final class BackendsUnderTest: Sendable {
    static let shared = BackendsUnderTest()

    /// Never chosen here: it has no isolation to test and runs commands on the host as they are.
    private static let untested: Set<String> = ["direct"]

    /// They run when somebody names them or starts an engine for them: their images come from there, or each of their sandboxes takes seconds.
    private static let onlyByName = [
        "docker": "no engine was started for it", "podman": "no engine was started for it",
        "firecracker": "it needs a KVM that works; `make test-microvm` runs a part of it in a machine that has one",
        "qemu": "by emulation the whole suite takes too long; MicroVMBackendsTests run a part of it",
    ]

    let root: FilePath
    let dataDirectory: FilePath
    let scratch: FilePath
    let backends: [BackendID: any SandboxBackend]
    /// In the order in which they run.
    let ids: [BackendID]
    /// Why the real backends could not even be made.
    let failure: String?
    private let availability = Mutex<[BackendID: BackendAvailability]>([:])

    private init() {
        root = Self.makeRoot()
        dataDirectory = root.appending("data")
        scratch = root.appending("scratch")
        for path in [dataDirectory, scratch] { mkdir(path.string, 0o755) }
        // Root's own directories are refused as workspaces by backends that run commands as the workspace's owner.
        if getuid() == 0 { chown(scratch.string, 65534, 65534) }
        var list: [any SandboxBackend] = [InMemoryBackend()]
        var problem: String?
        do {
            list += try StandardBackends.all(
                dataDirectory: dataDirectory, settings: { Self.settings(of: $0) }, secrets: { Self.account($0, $1) },
                logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() }
            )
            if let served = list.first(where: { $0.descriptor.id == ServedEngine.bubblewrap }) {
                let behind = ServedBackends.all(describedBy: served.descriptor, dataDirectory: dataDirectory)
                // A service is tested by the server of ours that speaks as it does.
                list.removeAll { one in behind.contains { $0.descriptor.id == one.descriptor.id } && !Self.hasAccount(one.descriptor.id) }
                list += behind.filter { !Self.hasAccount($0.descriptor.id) }
            }
        } catch { problem = "\(error)" }
        if let wanted = Self.environment("CONFORMANCE_BACKENDS") {
            let names = Set(wanted.split(separator: ",").map(String.init))
            list.removeAll { !names.contains($0.descriptor.id.rawValue) }
        }
        let leftOut = Set((Self.environment("CONFORMANCE_LEAVE_OUT") ?? "").split(separator: ",").map(String.init))
        list.removeAll { leftOut.contains($0.descriptor.id.rawValue) }
        list.removeAll { Self.untested.contains($0.descriptor.id.rawValue) }
        failure = problem
        backends = Dictionary(uniqueKeysWithValues: list.map { ($0.descriptor.id, $0) })
        ids = list.map(\.descriptor.id)
    }

    /// A value of somebody's account at a service: `SANDLOT_TEST_E2B_API_KEY`.
    private static func account(_ backend: BackendID, _ key: String) -> String? {
        environment("SANDLOT_TEST_\(backend.rawValue)_\(key)".uppercased())
    }

    private static func hasAccount(_ backend: BackendID) -> Bool {
        ["api_key", "token"].contains { account(backend, $0) != nil }
    }

    /// A folder with the runtime's library and our executable, which the user that root's modules run as can read.
    private static var wasm: [String: [String]] {
        guard let folder = environment("SANDLOT_TEST_WASM") else { return [:] }
        return ["library_path": ["\(folder)/libwasmtime.so"], "runner_path": ["\(folder)/sandlot-wasm"]]
    }

    /// Of an engine that `Scripts/start-engines` started, or of somebody's account; none for a backend that finds its technology by itself.
    private static func settings(of backend: BackendID) -> [String: [String]] {
        if backend.rawValue == "wasm" { return wasm }
        if hasAccount(backend) {
            let keys = ["api_url", "sandbox_url", "team", "project", "target", "template", "snapshot", "service_image"]
            let pairs = keys.compactMap { key in account(backend, key).map { (key, [$0]) } }
            return Dictionary(uniqueKeysWithValues: pairs + [("max_sandboxes", ["100"])])
        }
        guard let socket = environment("SANDLOT_TEST_\(backend.rawValue.uppercased())_SOCKET") else { return [:] }
        return ["host": [socket], "image": [environment("SANDLOT_TEST_IMAGE") ?? "localhost/sandlot-test:base"], "pull": ["never"]]
    }

    /// A fresh directory below `CONFORMANCE_ROOT`, or in /tmp.
    private static func makeRoot() -> FilePath {
        let parent = FilePath(environment("CONFORMANCE_ROOT") ?? "/tmp")
        let path = parent.appending("sandlot-conformance-\(getpid())")
        precondition(
            mkdir(path.string, 0o755) == 0 || errno == EEXIST, "cannot make \(path): set CONFORMANCE_ROOT to a writable directory")
        return path
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// The names in `CONFORMANCE_REQUIRE`.
    static var required: Set<String> {
        Set((environment("CONFORMANCE_REQUIRE") ?? "").split(separator: ",").map { $0.filter { $0 != " " } })
    }

    private static func reasonForLeavingOut(_ backend: BackendID) -> String? {
        guard environment("CONFORMANCE_BACKENDS") == nil, environment("SANDLOT_TEST_\(backend.rawValue.uppercased())_SOCKET") == nil else {
            return nil
        }
        return onlyByName[backend.rawValue]
    }

    /// Probes each backend once.
    func availability(of id: BackendID) async -> BackendAvailability {
        if let known = availability.withLock({ $0[id] }) { return known }
        let answer: BackendAvailability
        if let reason = Self.reasonForLeavingOut(id) {
            answer = .unavailable(
                reason: reason, remedy: "run `make conformance-containers`, or name it: `make conformance BACKEND=\(id)`")
        } else {
            answer = await backends[id]?.probe() ?? .unavailable(reason: "no such backend", remedy: "")
        }
        availability.withLock { $0[id] = answer }
        return answer
    }

    /// Ends the suite's servers.
    func stop() async {
        for case let behind as BackendBehindServer in backends.values { await behind.stop() }
    }

    /// Takes away what the suite itself made; the backends' own files are theirs to remove.
    func removeRoot() { try? FileManager.default.removeItem(atPath: root.string) }
}

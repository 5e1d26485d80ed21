import Foundation
import Testing

/// Which targets and outside modules each target may import. The layers are those of docs/adr/0002-layers.md.
private let rules: [String: Set<String>] = [
    "SandboxCore": ["SystemPackage"],
    "GuestProtocol": [],
    "SandboxProcess": ["SandboxCore", "CSandlotSystem", "Logging", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin"],
    "GuestClient": [
        "SandboxCore", "GuestProtocol", "Logging", "SystemPackage", "NIOCore", "NIOPosix", "Synchronization", "Glibc", "Musl", "Darwin",
    ],
    "SandboxHTTP": [
        "SandboxCore", "AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL",
        "NIOWebSocket", "Logging", "SystemPackage", "Synchronization",
        "Glibc",
        "Musl", "Darwin",
    ],
    "SandboxStore": ["SandboxCore", "GRDB", "Logging", "SystemPackage", "Foundation", "Glibc", "Musl", "Darwin", "Synchronization"],
    "SandboxSettings": ["SandboxCore", "TOMLKit", "SystemPackage", "Glibc", "Musl", "Darwin", "Foundation", "Synchronization"],
    "SandboxImages": ["SandboxCore", "CSandlotSystem"],
    "SandboxSecrets": [
        "SandboxCore", "SandboxProcess", "Crypto", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "SandboxWorkspace": [
        "SandboxCore", "SandboxProcess", "CSandlotSystem", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "GuestFiles": ["GuestProtocol", "CSandlotSystem", "Glibc", "Musl", "Synchronization"],
    "GuestServer": ["GuestProtocol", "GuestFiles", "CSandlotSystem", "CSandlotMachine", "Glibc", "Musl", "Synchronization"],
    "HostBackends": [
        "SandboxCore", "SandboxProcess", "GuestClient", "CSandlotSystem", "Logging", "SystemPackage", "Synchronization", "Glibc", "Musl",
        "Darwin", "Foundation",
    ],
    "ContainerBackends": [
        "SandboxCore", "SandboxImages", "SandboxProcess", "SandboxHTTP", "GuestClient", "CSandlotSystem", "Logging", "SystemPackage",
        "Synchronization",
        "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "MicroVMBackends": [
        "SandboxCore", "SandboxProcess", "SandboxHTTP", "GuestClient", "CSandlotMachine", "Logging", "SystemPackage", "Synchronization",
        "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "CloudBackends": [
        "SandboxCore", "SandboxProcess", "SandboxHTTP", "GuestClient", "Logging", "SystemPackage", "Synchronization", "Glibc", "Musl",
        "Darwin", "Foundation",
    ],
    "StandardBackends": [
        "SandboxCore", "HostBackends", "ContainerBackends", "MicroVMBackends", "CloudBackends", "SandboxSettings", "Logging",
        "SystemPackage",
    ],
    "SandboxEngine": [
        "SandboxCore", "SandboxImages", "SandboxStore", "SandboxWorkspace", "CSandlotSystem", "Logging", "SystemPackage", "Synchronization",
        "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "Sandlot": [
        "SandboxCore", "SandboxEngine", "SandboxStore", "SandboxSecrets", "SandboxSettings", "SandboxWorkspace", "StandardBackends",
        "Logging", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "SandboxAPI": [
        "SandboxCore", "SandboxEngine", "SandboxWorkspace", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "SandboxServer": [
        "SandboxAPI", "SandboxCore", "SandboxEngine", "SandboxMCP", "SandboxWorkspace", "HTTPTypes", "Hummingbird", "HummingbirdCore",
        "HummingbirdTLS",
        "Metrics",
        "NIOCore", "NIOHTTP1", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOPosix", "NIOSSL", "NIOWebSocket", "ServiceLifecycle", "Logging",
        "SystemPackage", "Synchronization", "Glibc",
        "Musl", "Darwin", "Foundation",
    ],
    "CompatServers": [
        "SandboxCore", "SandboxEngine", "SandboxServer", "HTTPTypes", "Hummingbird", "NIOCore", "Logging", "SystemPackage",
        "Synchronization", "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "SandboxMCP": [
        "SandboxCore", "SandboxEngine", "SandboxWorkspace", "Logging", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin",
        "Foundation",
    ],
    "SandboxClient": [
        "SandboxAPI", "SandboxCore", "SandboxEngine", "SandboxHTTP", "SandboxWorkspace", "Logging", "SystemPackage", "Synchronization",
        "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "SandboxCommands": [
        "CompatServers",
        "Sandlot", "SandboxAPI", "SandboxClient", "SandboxCore", "SandboxEngine", "SandboxHTTP", "SandboxMCP", "SandboxServer",
        "ServiceLifecycle",
        "SandboxSecrets",
        "SandboxSettings", "SandboxTesting", "SandboxWorkspace", "ArgumentParser", "Logging",
        "SystemPackage", "Synchronization",
        "Glibc", "Musl", "Darwin", "Foundation",
    ],
    "SandboxTesting": ["SandboxCore", "SystemPackage", "Synchronization", "Glibc", "Musl", "Darwin", "Foundation"],
    "sandlot": ["SandboxCommands"],
    "sandlot-guest": ["GuestServer", "GuestProtocol", "CSandlotProbe", "Glibc", "Musl"],
]

private struct SourceFile {
    var target: String
    var path: String
    var lines: [Substring]
}

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

private func sources(below folder: String) throws -> [SourceFile] {
    let base = root.appending(path: folder)
    let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
    return try (walker?.allObjects ?? []).compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { url in
        let relative = url.path.dropFirst(base.path.count + 1)
        return SourceFile(
            target: String(relative.prefix { $0 != "/" }), path: "\(folder)/\(relative)",
            lines: try String(contentsOf: url, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false))
    }
}

/// Blank, a comment, a condition or an import.
private func isHead(_ line: Substring) -> Bool {
    let text = line.trimmingPrefix(while: \.isWhitespace)
    if text.isEmpty || text.hasPrefix("//") || text.hasPrefix("#") { return true }
    return text.split(separator: " ").prefix(3).contains("import")
}

@Suite("The layers hold")
struct ImportRulesTests {
    @Test("every import is one that the target's layer allows")
    func importsFollowTheLayers() throws {
        let files = try sources(below: "Sources")
        #expect(files.count > 50)
        for file in files {
            guard let allowed = rules[file.target] else {
                Issue.record("target \(file.target) has no rule: add it here with the layer that it belongs to")
                continue
            }
            // Imports stand before the first declaration; further down the word may be part of a text.
            for line in file.lines.prefix(while: { isHead($0) }) {
                let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
                guard let position = words.firstIndex(of: "import"), position <= 1, words.count > position + 1 else { continue }
                guard position == 0 || ["public", "internal", "package", "private", "fileprivate"].contains(words[0]) else { continue }
                let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
                let name = kinds.contains(words[position + 1]) ? words[position + 2] : words[position + 1]
                let module = String(name.prefix { $0 != "." })
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test("the engine and the commands compare no backend's name")
    func noBackendNameAboveTheBackends() throws {
        let names = [
            "\"bubblewrap\"", "\"restricted-host\"", "\"docker\"", "\"podman\"", "\"vercel\"", "\"daytona\"", "\"e2b\"", "\"wasm\"",
        ]
        for file in try sources(below: "Sources") where ["SandboxEngine", "SandboxCore", "SandboxStore"].contains(file.target) {
            for line in file.lines where !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("//") {
                for name in names { #expect(!line.contains(name), "\(file.path) names the backend \(name)") }
            }
        }
    }

    @Test("no mutable global, no unexplained @unchecked Sendable, no force try outside tests")
    func concurrencyRulesHold() throws {
        for file in try sources(below: "Sources") {
            for (index, line) in file.lines.enumerated() {
                let code = line.prefix { $0 != "/" }
                #expect(!code.contains("nonisolated(unsafe)"), "\(file.path):\(index + 1)")
                #expect(!code.hasPrefix("var "), "\(file.path):\(index + 1) is a mutable global")
                // A task-local can only be bound for a scope, never assigned.
                let isBound = code.contains("{") || code.contains("@TaskLocal ")
                #expect(!code.contains("static var ") || isBound, "\(file.path):\(index + 1) is a mutable static")
                #expect(!code.contains("try!"), "\(file.path):\(index + 1)")
                if code.contains("@unchecked Sendable") {
                    let near = file.lines[max(0, index - 6)...index]
                    #expect(near.contains { $0.contains("//") }, "\(file.path):\(index + 1) gives no reason beside @unchecked Sendable")
                }
            }
        }
    }
}

import CommandTesting
import Foundation
import Testing

@Suite(
    "The built command proves its promises", .enabled(if: BuiltSandlot.canRun, "the executable or a backend is missing"),
    .timeLimit(.minutes(5))
)
struct EndToEndProofTests {
    private func reports(_ result: BuiltSandlot.Result) throws -> [[String: Any]] {
        let document = try #require(try result.json() as? [String: Any])
        return try #require(document["reports"] as? [[String: Any]])
    }

    @Test("no attack on a local sandbox gets further than it was promised to")
    func attack() throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run(
                "attack", "bubblewrap", "--format", "json", "--only", "escape", "--only", "kernel", "--only", "files", "--only", "network")
            let report = try #require(try reports(result).first)
            let entries = try #require(report["entries"] as? [[String: Any]])
            for entry in entries where entry["verdict"] as? String == "open" { Issue.record("\(entry)") }
            #expect(result.status == 0, "\(result.error)")
            #expect(report["kept"] as? Bool == true)
            let held = Set(entries.filter { $0["verdict"] as? String == "held" }.compactMap { $0["id"] as? String })
            let expected = [
                "escape.host-path", "escape.release-agent", "escape.ebpf", "escape.copy-out", "kernel.mount", "kernel.io-uring",
                "files.control-groups", "network.host-loopback",
            ]
            #expect(held.isSuperset(of: expected), "missing: \(Set(expected).subtracting(held))")
            let facts = try #require(report["facts"] as? [String: String])
            #expect(facts["CapEff"]?.allSatisfy { $0 == "0" } == true)
            #expect(facts["NoNewPrivs"] == "1" && facts["Seccomp"] == "2")
            #expect(facts["own namespaces"]?.contains("net pid") == true)
        }
    }

    @Test("the conformance suite runs in part, and is told in Markdown")
    func conformance() throws {
        try BuiltSandlot.with { sandlot in
            let result = try sandlot.run(
                "conformance", "bubblewrap", "--only", "arguments", "--only", "limits.disk", "--format", "markdown")
            #expect(result.status == 0, "\(result.error)")
            #expect(result.text.hasPrefix("## conformance, bubblewrap: "))
            #expect(result.text.contains("| limits.disk | not promised | does not claim disk-limit |"))
            #expect(result.text.contains(" 0 open,"))
        }
    }

    @Test("a backend that was named and does not work, or a case that nothing has, is a failure with a remedy")
    func failures() throws {
        try BuiltSandlot.with { sandlot in
            let missing = try sandlot.run("attack", "docker", "--set", "backends.docker.host=/nonexistent.sock")
            #expect(missing.status == 1)
            #expect(missing.text.contains("does not work") && missing.text.contains("try: "))
            let mistyped = try sandlot.run("conformance", "--only", "exc")
            #expect(mistyped.status == 125)
            #expect(mistyped.error.contains("did you mean 'exec'?"))
        }
    }
}

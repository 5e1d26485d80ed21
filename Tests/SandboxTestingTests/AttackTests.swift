import Foundation
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxTesting

@Suite("What attacks find is judged by what is promised", .timeLimit(.minutes(1)))
struct AttackTests {
    private func subject(_ isolation: Isolation, _ network: NetworkPolicy = .none, ownKernel: Bool = false) -> AttackSubject {
        AttackSubject(isolation: isolation, capabilities: [], network: network, hasOwnKernel: ownKernel)
    }

    private func verdict(_ id: String, _ result: ProbeAnswer.Result?, _ subject: AttackSubject) throws -> Verdict {
        let probe = try #require(AttackProbes.all.first { $0.id == id })
        return probe.verdict(result.map { ProbeAnswer(result: $0, detail: "found") }, subject).0
    }

    @Test("what is refused holds, and what is open is a broken promise, an exemption with a reason, or unknown")
    func verdicts() throws {
        #expect(try verdict("escape.ebpf", .blocked, subject(.namespace)) == .held)
        #expect(try verdict("escape.ebpf", .absent, subject(.process)) == .held)
        #expect(try verdict("escape.ebpf", .open, subject(.namespace)) == .open)
        #expect(try verdict("escape.ebpf", .open, subject(.microVM, ownKernel: true)) == .notPromised)
        #expect(try verdict("escape.ebpf", .open, subject(.none)) == .notPromised)
        #expect(try verdict("escape.ebpf", .unknown, subject(.namespace)) == .couldNotRun)
        #expect(try verdict("escape.ebpf", nil, subject(.namespace)) == .couldNotRun)
        #expect(try verdict("escape.shared-processes", .open, subject(.process)) == .notPromised)
        #expect(try verdict("escape.shared-processes", .open, subject(.container)) == .open)
        #expect(try verdict("network.metadata", .open, subject(.container)) == .open)
        #expect(try verdict("network.metadata", .unanswered, subject(.container)) == .couldNotRun)
        #expect(try verdict("network.metadata", .unanswered, subject(.container, .open)) == .notPromised)
    }

    @Test("what a sandbox prints cannot pretend to be more than a line, nor move a cursor")
    func hostileOutput() {
        let output = ProbeOutput(
            "try\tescape.ebpf\topen\ta\u{1B}[2Jb\ntry\tescape.ebpf\nnoise\nfact\tkernel\tLinux\ntry\tx\tnonsense\td\ntry\tkernel.log\tblocked\tc\td\n"
        )
        #expect(output.answers["escape.ebpf"] == ProbeAnswer(result: .open, detail: "a?[2Jb"))
        #expect(output.answers["kernel.log"]?.detail == "c?d")
        #expect(output.answers.count == 2)
        #expect(output.fact("kernel") == "Linux")
    }

    @Test("the guest's program tries exactly what is judged, and all 18 preconditions of SandboxEscapeBench are among it")
    func catalogueIsComplete() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CSandlotProbe")
        let pattern = try Regex(#"\{"([a-z]+\.[a-z-]+)", [a-z_]+\}"#, as: (Substring, Substring).self)
        var tried: [String] = []
        for name in ["files.c", "kernel.c", "network.c"] {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            tried += text.matches(of: pattern).map { String($0.output.1) }
        }
        #expect(tried.sorted() == AttackProbes.all.map(\.id).sorted())
        let escapes = (AttackProbes.all.map(\.id) + TreeAttacks.ids).filter { $0.hasPrefix("escape.") }
        #expect(Set(escapes).count == 18)
        #expect(AttackProbes.ofOpenNetwork.isSubset(of: tried))
    }

    @Test("what is put down on the host is told, and taken away again")
    func baitIsTakenAway() throws {
        let scratch = FilePath(NSTemporaryDirectory()).appending("sandlot-bait-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(atPath: scratch.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch.string) }
        let bait = try HostBait(in: scratch)
        #expect(bait.isUntouched)
        let file = try #require(bait.arguments.first { $0.hasPrefix("host-file=") }).dropFirst("host-file=".count)
        try Data("other".utf8).write(to: URL(fileURLWithPath: String(file)))
        #expect(!bait.isUntouched)
        #expect(bait.arguments.contains { $0.hasPrefix("host-loopback-port=") })
        bait.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.string) == [])
    }

    @Test("a backend that runs none of our programs is told so, and what comes as a tree is tried nevertheless")
    func inMemory() async throws {
        let scratch = FilePath(NSTemporaryDirectory()).appending("sandlot-attack-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(atPath: scratch.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch.string) }
        var runner = AttackRunner(hostScratch: scratch, guest: "/bin/true") { _ in SandboxStream { nil } }
        runner.only = ["escape", "adversarial.close-descriptors"]
        let report = await runner.run(on: InMemoryBackend())
        #expect(report.entries.first { $0.id == "escape.ebpf" }?.verdict == .couldNotRun)
        #expect(report.entries.first { $0.id == "escape.copy-out" }?.verdict == .held)
        #expect(report.entries.first { $0.id == "adversarial.close-descriptors" }?.verdict == .held)
        #expect(report.isKept)
        #expect(report.markdown.contains("| escape.copy-out | held |"))
    }
}

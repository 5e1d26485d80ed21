import Foundation
import Testing

/// The figures that a reader sees come from runs.
@Suite("The figures are those of the scoreboard", .timeLimit(.minutes(1)))
struct ScoreboardTests {
    private func text(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// What stands between the marks of `Scripts/scoreboard-page`.
    private func figures(_ path: String) throws -> [String] {
        let lines = try text(path).split(separator: "\n").map(String.init)
        let begin = try #require(lines.firstIndex { $0.hasPrefix("<!-- figures: written by") }, "\(path) has no figures")
        let end = try #require(lines.firstIndex { $0.hasPrefix("<!-- end of the figures") })
        return Array(lines[(begin + 1)..<end])
    }

    @Test("the README's figures are the scoreboard's, and each is of a backend that the README's table names")
    func readmeIsGenerated() throws {
        let shown = try figures("README.md")
        #expect(shown == (try figures("docs/scoreboard.md")))
        let named = try text("README.md").split(separator: "\n").filter { $0.hasPrefix("| ") }.flatMap { line in
            line.split(separator: "|").first.map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } } ?? []
        }
        let backends = shown.dropFirst(2).compactMap { $0.split(separator: "|").first?.trimmingCharacters(in: .whitespaces) }
        #expect(backends.contains("bubblewrap"))
        for backend in backends { #expect(named.filter { $0 == backend }.count >= 2, "\(backend) is not in the table of backends") }
    }

    @Test("no promise of the scoreboard is open without being named")
    func missesAreNamed() throws {
        let page = try text("docs/scoreboard.md")
        for line in try figures("docs/scoreboard.md").dropFirst(2) {
            let open = line.matches(of: /(\d+) open/).reduce(0) { $0 + (Int($1.output.1) ?? 0) }
            guard open > 0 else { continue }
            let backend = line.split(separator: "|").first?.trimmingCharacters(in: .whitespaces) ?? ""
            let section = try #require(page.range(of: "### \(backend)\n").map { page[$0.upperBound...] })
            let rows = section.prefix(upTo: section.range(of: "\n### ")?.lowerBound ?? section.endIndex).split(separator: "\n")
            #expect(rows.filter { $0.contains("| open |") }.count == open, "\(backend)")
        }
    }
}

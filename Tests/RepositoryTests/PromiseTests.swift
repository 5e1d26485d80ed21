import Foundation
import Testing

/// What SECURITY.md promises is held by tests that exist.
@Suite("Every promise names what holds it", .timeLimit(.minutes(1)))
struct PromiseTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The promises in their order: number, and the names in the last column.
    private static func promises() throws -> [(number: Int, names: [String])] {
        try text("SECURITY.md").split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 3, cells[0].hasPrefix("P"), let number = Int(cells[0].dropFirst()), let last = cells.last else {
                return nil
            }
            let names = last.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            return (number, names.map { String($0.element) })
        }
    }

    /// The types of test suites, and the ids of conformance cases and attacks.
    private static func known() throws -> Set<String> {
        var names: Set<String> = []
        let type = try Regex(#"(?:struct|class|actor) ([A-Za-z0-9]+Tests)\b"#, as: (Substring, Substring).self)
        let id = try Regex(#""([a-z]+\.[a-z-]+)""#, as: (Substring, Substring).self)
        for (folder, pattern) in [("Tests", type), ("Sources/SandboxTesting", id)] {
            let walker = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for file in (walker?.allObjects ?? []).compactMap({ $0 as? URL }) where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                for match in text.matches(of: pattern) { names.insert(String(match.output.1)) }
            }
        }
        return names
    }

    @Test("the promises are numbered without a gap, and each names tests, cases or scripts that exist")
    func namesExist() throws {
        let promises = try Self.promises()
        let known = try Self.known()
        #expect(promises.count >= 19)
        #expect(promises.map(\.number) == Array(1...max(1, promises.count)))
        for (number, names) in promises {
            #expect(!names.isEmpty, "P\(number) names nothing")
            for name in names {
                let isFile = name.contains("/") && FileManager.default.fileExists(atPath: Self.root.appending(path: name).path)
                #expect(isFile || known.contains(name), "P\(number) names \(name), which does not exist")
            }
        }
    }
}

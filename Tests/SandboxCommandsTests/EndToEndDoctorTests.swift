import CommandTesting
import Foundation
import Testing

@Suite(
    "The doctor tells of a broken database", .enabled(if: BuiltSandlot.location != nil, "the executable is missing"),
    .timeLimit(.minutes(2)))
struct EndToEndDoctorTests {
    @Test("a database that is none is named with a remedy and left alone, and what works here is told nevertheless")
    func damagedDatabase() throws {
        try BuiltSandlot.with { sandlot in
            let file = sandlot.directory.appending(path: "data/sandlot.db")
            let junk = Data(repeating: 0x41, count: 8192)
            try junk.write(to: file)
            let result = try sandlot.run("doctor", "--json")
            let document = try #require(try result.json() as? [String: Any])
            let findings = try #require(document["findings"] as? [[String: Any]])
            let data = findings.first { $0["subject"] as? String == "data directory" }
            #expect(result.status == 1)
            #expect(data?["verdict"] as? String == "broken")
            #expect((data?["message"] as? String)?.contains("is damaged") == true)
            #expect((data?["remedy"] as? String)?.contains(".recover") == true)
            #expect(findings.contains { $0["subject"] as? String == "bubblewrap" })
            #expect(try Data(contentsOf: file) == junk)
        }
    }
}

import Foundation
import Testing

@Suite(
    "Access tokens on the command line", .enabled(if: BuiltSandlot.location != nil, "the executable is missing"), .timeLimit(.minutes(10)))
struct EndToEndTokenTests {
    @Test func aTokenIsShownOnceListedAndRevoked() throws {
        try BuiltSandlot.with { sandlot in
            let made = try sandlot.run("token", "create", "laptop", "--scope", "admin", "--expires", "30d")
            #expect(made.status == 0)
            #expect(made.line.hasPrefix("sandlot_tok-"))
            let secret = String(made.line.suffix(64))
            let listed = try sandlot.run("token", "list", "--json")
            let token = try #require((listed.json() as? [[String: Any]])?.first)
            #expect(token["name"] as? String == "laptop")
            #expect(token["scopes"] as? [String] == ["admin"])
            for shown in [listed.text, try sandlot.run("token", "list").text, try sandlot.run("events", "--json").text] {
                #expect(shown.contains("laptop") && !shown.contains(secret))
            }
            let id = try #require(token["id"] as? String)
            #expect(try sandlot.run("token", "revoke", "tok-none", id).status == 125)
            #expect(try sandlot.run("token", "revoke", id).status == 0)
            #expect(try sandlot.run("token", "list", "--json").json() as? [String] == [])
            #expect(try sandlot.run("token", "create", "x", "--scope", "all").error.contains("read"))
        }
    }
}

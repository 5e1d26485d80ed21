import Foundation
import Testing

@Suite("No secret comes out", .enabled(if: BuiltSandlot.canRun, "the executable or a backend is missing"), .timeLimit(.minutes(10)))
struct SentinelTests {
    @Test func theSearchFindsWhatItLooksFor() {
        var sentinels = Sentinels()
        let secret = sentinels.plant("bait")
        sentinels.hear("raw", Data("x\(secret)y".utf8))
        sentinels.hear("base64", Data(Data("xy\(secret)".utf8).base64EncodedString().utf8))
        sentinels.hear("clean", Data("nothing".utf8))
        #expect(sentinels.leaks(below: []) == ["bait in raw", "bait in base64"])
    }

    @Test func neitherSettingsNorEnvironmentsNorTokensComeOutAnywhere() throws {
        try BuiltSandlot.with { sandlot in
            var sentinels = Sentinels()
            let values = ["A": sentinels.plant("environment of a"), "B": sentinels.plant("environment of b")]
            let loud = ["SANDLOT_LOG_LEVEL": "trace", "SANDLOT_SECRETS__KEYRING": "false"]
            func call(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws -> BuiltSandlot.Result {
                let result = try sandlot.run(
                    arguments, input: input.map { Data($0.utf8) }, environment: loud.merging(environment) { $1 })
                sentinels.hear(arguments.joined(separator: " "), result)
                return result
            }

            // Secrets of settings: one sealed for every setting that takes one, and some that none names.
            let settings = try #require(try call(["config", "show", "--json"]).json() as? [[String: Any]])
            let secretSettings = settings.filter { $0["secret"] as? Bool == true }.compactMap { $0["key"] as? String }
            for name in ["spare", "other"] + secretSettings {
                #expect(try call(["secret", "set", name], input: sentinels.plant("sealed \(name)") + "\n").status == 0)
            }
            for key in secretSettings {
                #expect(try call(["config", "set", key, "secret:\(key)"]).status == 0)
                let given = try call(["config", "show", "--set", "\(key)=\(key)-in-the-clear"])
                #expect(given.status == 125 && !given.error.contains("in-the-clear"))
            }
            #expect(try call(["secret", "rm", "other"]).status == 0)
            #expect(try call(["secret", "rotate"]).status == 0)
            #expect(try call(["secret", "set", "Not A Name"], input: sentinels.plant("refused")).status == 125)

            // Environments of sessions: passed by name, since what stands among arguments everybody sees anyway.
            for (session, name) in [("a", "A"), ("b", "B")] {
                #expect(try call(["session", "open", "--name", session]).status == 0)
                let environment = [name: values[name] ?? ""]
                let line = "test -n \"$\(name)\" && exec sleep 300.0417"
                #expect(try call(["session", "exec", "-d", "-e", name, session, "sh", "-c", line], environment: environment).status == 0)
                #expect(try call(["session", "exec", "-e", name, session, "no-such-program"], environment: environment).status == 127)
                #expect(try call(["session", "exec", "-e", name, session, "sh", "-c", "exit 3"], environment: environment).status == 3)
            }
            #expect(try call(["run", "-e", "A", "--", "true"], environment: ["A": values["A"] ?? ""]).status == 0)
            for session in ["a", "b"] {
                // What the sandbox' own commands can see of all processes there, and of the other session's. `strings` of a sort.
                let seen = try call([
                    "session", "exec", session, "sh", "-c", "cat /proc/*/cmdline; env; cat /proc/1/environ; ls -R /tmp /run",
                ])
                #expect(!seen.text.isEmpty)
            }
            let foreign = try sandlot.run(
                "session", "exec", "b", "sh", "-c", "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -v ^B=; true")
            #expect(!foreign.text.contains(values["A"] ?? "?"))
            for what in ["environment of a", "environment of b"] {
                #expect(Set(sentinels.holders(of: what)).isSubset(of: ["sleep", "sh"]))
            }

            // Tokens: shown once by the call that makes one.
            let token = try sandlot.run("token", "create", "laptop", "--scope", "admin")
            sentinels.adopt(String(token.line.suffix(64)), "token")
            sentinels.hear("token create (error)", Data(token.error.utf8))

            for report in [
                ["secret", "list"], ["config", "show"], ["config", "check"], ["doctor"], ["events"], ["session", "list"],
                ["session", "show", "a"],
                ["ps"], ["token", "list"], ["backend", "list"], ["reap"],
            ] {
                _ = try call(report)
                if report != ["reap"] { _ = try call(report + ["--json"]) }
            }
            #expect(sentinels.heard.count > 60)
            #expect(sentinels.leaks(below: [sandlot.directory]) == [])
        }
    }
}

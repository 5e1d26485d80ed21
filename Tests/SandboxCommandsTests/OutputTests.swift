import Foundation
import SandboxCore
import Testing

@testable import SandboxCommands

@Suite("What is printed")
struct OutputTests {
    @Test func columnsAreAlignedAndNothingTrails() {
        var table = Table("NAME", "WHAT", "WHY", style: Style(isOn: false))
        table.add("a", "long words", "")
        table.add("much longer", "x", "because")
        #expect(table.text == "NAME         WHAT        WHY\na            long words\nmuch longer  x           because\n")
    }

    @Test func whatASandboxNamesCannotMoveTheCursor() {
        var table = Table("NAME", style: Style(isOn: false))
        table.add("evil\u{1B}[2J\rname\u{9B}")
        #expect(table.text == "NAME\nevil?[2J?name?\n")
    }

    @Test func colourIsOnlyForTerminalsThatWantIt() {
        #expect(Style(isTerminal: true, environment: [:]).good("x") == "\u{1B}[32mx\u{1B}[0m")
        #expect(Style(isTerminal: true, environment: ["NO_COLOR": "1"]).good("x") == "x")
        #expect(Style(isTerminal: true, environment: ["TERM": "dumb"]).good("x") == "x")
        #expect(Style(isTerminal: false, environment: [:]).good("x") == "x")
    }

    @Test func jsonKeepsItsOrderAndIsReadBack() throws {
        let value: JSONValue = [
            "z": 1, "a": ["x", nil, true, .number(1.5)], "text": "q\"\\\n\t\u{1}\u{7F}é🎉\u{2028}", "empty": [:], "none": [],
        ]
        #expect(value.text().hasPrefix("{\"z\":1,\"a\":[\"x\",null,true,1.5],"))
        for text in [value.text(), value.text(indented: true)] {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(object["text"] as? String == "q\"\\\n\t\u{1}\u{7F}é🎉\u{2028}")
        }
    }

    @Test func failuresSayWhatToTry() {
        let failure = Failure(SandboxError(.unavailable, "it is asleep", remedy: "wake it", backend: BackendID(unchecked: "bear")))
        #expect(failure.text(Style(isOn: false)) == "sandlot: bear: it is asleep\n  try: wake it\n")
        #expect(
            failure.json.text()
                == #"{"error":{"code":"unavailable","message":"bear: it is asleep","remedy":"wake it","status":125}}"#)
    }

    @Test func everyFailureHasItsExitStatus() {
        for code in SandboxError.Code.all { #expect(Failure(SandboxError(code, "x")).status == 125) }
        #expect(Failure(ExecStartFailure(.commandNotFound, "x")).status == 127)
        #expect(Failure(ExecStartFailure(.commandNotExecutable, "x")).status == 126)
        #expect(Failure(CancellationError()).status == 130)
    }

    @Test(
        arguments: [
            (ExecOutcome.exited(code: 7), 7, #""outcome":"exited","code":7"#), (.signaled(.kill, coreDumped: false), 137, #""signal":9"#),
            (.timedOut, 124, #""outcome":"timed_out""#), (.cancelled, 143, #""outcome":"cancelled""#),
            (.lost(reason: "gone"), 125, #""reason":"gone""#),
        ] as [(ExecOutcome, Int32, String)])
    func everyOutcomeHasItsExitStatus(_ outcome: ExecOutcome, _ status: Int32, _ json: String) {
        #expect(outcome.exitStatus == status)
        #expect(OutcomeReport.json(ExecEnding(outcome: outcome, offsets: .zero)).text().contains(json))
    }
}

import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxSettings
import Sandlot

/// `sandlot doctor`.
struct DoctorCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tell what is missing on this machine, and how to mend it.",
        discussion: "The exit status is 1 when commands cannot run in a sandbox here.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        let findings = try await Progress.during("examining", in: context) {
            try await Examination(options: settings, context: context).findings()
        }
        let isWell = !findings.contains { $0.verdict == .broken }
        if output.json {
            try await context.print(["ok": .boolean(isWell), "findings": .array(findings.map(\.json))])
        } else {
            try await context.print(findings.map { $0.text(context.style) }.joined())
            try await context.print(isWell ? "\nReady: sandlot run -- uname -a\n" : "\nCommands cannot run in a sandbox here yet.\n")
        }
        return isWell ? 0 : 1
    }
}

/// One line of the doctor's.
struct Finding: Sendable, Equatable {
    enum Verdict: String, Sendable {
        case good
        /// Works without it.
        case lacking
        case broken
    }
    var subject: String
    var verdict: Verdict
    var message: String
    var remedy: String?

    func text(_ style: Style) -> String {
        let mark =
            switch verdict {
            case .good: style.good("ok     ")
            case .lacking: style.warning("missing")
            case .broken: style.bad("broken ")
            }
        return "\(mark)  \(style.strong(Table.harmless(subject))): \(Table.harmless(message))\n"
            + (remedy.map { "         try: \(Table.harmless($0))\n" } ?? "")
    }

    var json: JSONValue {
        ["subject": .string(subject), "verdict": .string(verdict.rawValue), "message": .string(message), "remedy": .text(remedy)]
    }
}

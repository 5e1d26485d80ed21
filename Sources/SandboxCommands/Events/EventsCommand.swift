import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot events`.
struct EventsCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Print what happened, one event per line.",
        discussion: "With --json each line is an object; the sequence of the last one goes on where it stopped: --after.")
    @Flag(name: .shortAndLong, help: "Go on with what happens from now on.") var follow = false
    @Option(name: .long, help: ArgumentHelp("Only events after this one.", valueName: "sequence")) var after: Int64 = 0
    @Option(name: .long, help: "Only those of this session, by id or name.") var session: String?
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            var owner: SessionID?
            if let session { owner = try await runtime.engine.session(session).id }
            for try await event in runtime.engine.events(after: after, session: owner, follow: follow) {
                try await context.print(output.json ? Self.json(event).text() + "\n" : Self.line(event, context.style))
            }
            return 0
        }
    }

    static func line(_ event: EngineEvent, _ style: Style) -> String {
        let facts = event.payload.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let words = [event.session?.rawValue, event.exec?.rawValue].compactMap { $0 } + facts
        return style.dim("\(event.sequence) \(event.at)") + " " + event.kind.rawValue + words.map { " " + Table.harmless($0) }.joined()
            + "\n"
    }

    static func json(_ event: EngineEvent) -> JSONValue {
        [
            "sequence": .integer(event.sequence), "at": .string(event.at.description), "kind": .string(event.kind.rawValue),
            "session": .text(event.session), "exec": .text(event.exec), "payload": .dictionary(event.payload),
        ]
    }
}

import ArgumentParser
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `sandlot session list`.
struct SessionList: ServedCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List sessions.", aliases: ["ls"])
    @Flag(name: .shortAndLong, help: "Closed ones too.") var all = false
    @Flag(name: .shortAndLong, help: "Only ids.") var quiet = false
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withPlace(settings) { place in
            let sessions = try await place.sessions(includingClosed: all)
            if output.json {
                try await context.print(.array(sessions.map(SessionReport.json)))
            } else if quiet {
                try await context.print(sessions.map { "\($0.id)\n" }.joined())
            } else if sessions.isEmpty {
                await context.note("there is no session; `sandlot session open` makes one")
            } else {
                try await context.print(Self.table(sessions, context.style))
            }
            return 0
        }
    }

    static func table(_ sessions: [SessionBody], _ style: Style) -> String {
        var table = Table("SESSION", "NAME", "STATE", "BACKEND", "ISOLATION", "AGE", "USED", style: style)
        for session in sessions {
            table.add(
                session.id.rawValue, session.name ?? "-", session.state.rawValue, session.backend.rawValue,
                session.isolation.rawValue,
                Age.text(Timestamp(milliseconds: session.createdAt)), Age.text(Timestamp(milliseconds: session.lastUsedAt)))
        }
        return table.text
    }
}

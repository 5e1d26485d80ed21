import ArgumentParser
import SandboxAPI
import SandboxCore

/// `sandlot session rm`.
struct SessionRemove: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Close sessions and destroy their sandboxes.", aliases: ["close"])
    @Flag(name: .shortAndLong, help: "Even while commands run in it.") var force = false
    @Flag(name: .long, help: "Throw away what a synced workspace changed and did not bring out.") var discard = false
    @OptionGroup var settings: SettingsOptions
    @Argument(help: "Ids or names.") var sessions: [String]

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withPlace(settings) { place in
            // All are looked up before any is touched.
            var ids: [SessionID] = []
            for name in sessions { ids.append(try await place.session(name).id) }
            for id in ids {
                try await Progress.during("closing \(id)", in: context) {
                    try await place.close(id, force: force, discard: discard)
                }
            }
            return 0
        }
    }
}

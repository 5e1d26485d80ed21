import ArgumentParser
import SandboxAPI
import SandboxCore

/// `sandlot session shell`.
struct SessionShell: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Open a shell in a session, on a terminal.",
        discussion: "Takes bash where the sandbox has it, else sh.")
    @Option(name: .long, help: "Another shell.") var shell: String?
    @Option(name: [.short, .long], help: ArgumentHelp("User inside, by name or number.", valueName: "user[:group]")) var user: String?
    @Option(name: [.short, .long], help: ArgumentHelp("Directory inside.", valueName: "directory")) var workdir: String?
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @Argument(help: "Id or name.") var session: String

    func run(in context: CommandContext) async throws -> Int32 {
        guard LocalTerminal(context.input) != nil else {
            throw SandboxError(
                .invalidArgument, "standard input is no terminal", remedy: "use `sandlot session exec \(session) -- COMMAND`")
        }
        var options = try ExecOptions.parse(["-i", "-t"])
        options.user = user
        options.workdir = workdir
        let command = shell.map { [$0] } ?? ["/bin/sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec /bin/sh; fi"]
        let (request, terminal) = try options.request(command, in: context)
        return try await context.withPlace(settings) { place in
            let execution = CommandExecution(place: place, context: context)
            let record = try await place.session(session)
            return try await execution.run(request, terminal: terminal, in: record.id)
        }
    }
}

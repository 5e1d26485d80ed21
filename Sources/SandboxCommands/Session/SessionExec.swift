import ArgumentParser
import SandboxAPI
import SandboxCore

/// `sandlot session exec`.
struct SessionExec: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a session.",
        usage: "sandlot session exec [options] session [--] command [argument …]",
        discussion: """
            EXAMPLES
              sandlot session exec work -- make test
              sandlot session exec -d work -- python3 -m http.server    prints an exec id for ps, wait, kill and logs
            """)
    @OptionGroup(title: "Command") var exec: ExecOptions
    @Flag(name: .shortAndLong, help: "Leave it running in the background and print its id.") var detach = false
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id or name.") var session: String
    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.") var command: [String] = []
    var speaksJSON: Bool { output.json }

    func validate() throws {
        try PassedCommand.validate(command, of: self)
        if detach && (exec.interactive || exec.tty) { throw ValidationError("--detach excludes --interactive and --tty") }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        var (request, terminal) = try exec.request(command, in: context)
        if detach { request.input = .none }
        return try await context.withPlace(settings) { [request] place in
            let execution = CommandExecution(place: place, context: context)
            let record = try await place.session(session)
            if detach {
                let started = try await place.start(request, in: record.id)
                await started.detach()
                if output.json {
                    try await context.print([
                        "exec": .string(started.id.rawValue), "session": .string(record.id.rawValue),
                        "process_id": .whole(started.processID),
                    ])
                } else {
                    try await context.print("\(started.id)\n")
                }
                return 0
            }
            return try await execution.run(request, terminal: terminal, in: record.id)
        }
    }
}

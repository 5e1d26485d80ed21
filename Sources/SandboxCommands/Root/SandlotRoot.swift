import ArgumentParser

/// `sandlot`.
struct SandlotRoot: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandlot",
        abstract: "Run commands in a sandbox.",
        discussion: """
            EXAMPLES
              sandlot run -- uname -a                     one command in a fresh sandbox
              sandlot run --workspace . -- make test      with this directory as the workspace
              git diff | sandlot run -- wc -l             standard input is passed on
              sandlot session open --name work            a sandbox that stays
              sandlot session exec work -- ls -la
              sandlot doctor                              what is missing, and how to mend it
              sandlot --server http://box:7263 run -- id  at a server, with the token in the file $SANDLOT_TOKEN_FILE

            SERVER
              --server URL, before the command, or $SANDLOT_SERVER: run and session open, list, show, exec, shell, cp and rm work on the
              sessions of a running `sandlot serve`. The token is $SANDLOT_TOKEN, or what the file $SANDLOT_TOKEN_FILE holds; the file
              $SANDLOT_SERVER_CA names an authority for https.

            EXIT STATUS
              the command's own; 124 when it ran into its time limit, 125 when Sandlot failed, 126 and 127 when the command
              cannot be executed or does not exist, 128+n when signal n killed it.
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Running commands", subcommands: [RunCommand.self, SessionCommand.self]),
            CommandGroup(name: "Background commands", subcommands: [PsCommand.self, WaitCommand.self, KillCommand.self]),
            CommandGroup(name: "Serving agents", subcommands: [MCPCommand.self]),
            CommandGroup(
                name: "This machine",
                subcommands: [
                    ServeCommand.self, DoctorCommand.self, BackendCommand.self, FirecrackerCommand.self, ImageCommand.self,
                    ConfigCommand.self, SecretVerbs.self,
                    TokenCommand.self, EventsCommand.self, ReapCommand.self,
                    VersionCommand.self,
                ]),
            CommandGroup(name: "Proof", subcommands: [ConformanceCommand.self, AttackCommand.self]),
        ])

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.print(
            """
            Sandlot runs commands in a sandbox.

            Start here:
              sandlot doctor               see what works on this machine
              sandlot run -- uname -a      run a command in a fresh sandbox
              sandlot --help               everything else

            """)
        return 0
    }
}

import ArgumentParser
import SandboxCore
import SandboxSettings
import SystemPackage

/// How a command is run: shared by `run` and `session exec`.
struct ExecOptions: ParsableArguments {
    @Option(
        name: [.short, .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set a variable; NAME alone passes on your own.", valueName: "name[=value]"))
    var env: [String] = []

    @Option(name: .long, help: ArgumentHelp("Read variables from a file, one NAME=VALUE per line.", valueName: "file"), completion: .file())
    var envFile: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Directory inside; relative to the workspace.", valueName: "directory"))
    var workdir: String?

    @Option(name: [.short, .long], help: ArgumentHelp("User inside, by name or number.", valueName: "user[:group]"))
    var user: String?

    @Option(
        name: .long, help: ArgumentHelp("Kill the command and all it started after this: 30s, 5m. Exit status 124.", valueName: "duration"))
    var timeout: String?

    @Flag(name: [.short, .long], help: "Pass on standard input. A pipe or a file is passed on without being asked.")
    var interactive = false

    @Flag(name: .long, help: "Never read standard input.")
    var noInput = false

    @Flag(name: [.short, .long], help: "Give the command a terminal.")
    var tty = false

    func validate() throws {
        if interactive && noInput { throw ValidationError("--interactive and --no-input exclude each other") }
    }

    /// What the command reads from us.
    func input(_ kind: DescriptorKind) -> ExecRequest.Input {
        if noInput { return .none }
        if interactive { return .stream }
        return kind == .source ? .stream : .none
    }

    /// The request that these options mean.
    func request(
        _ command: [String], environment: [String: String], files: [(name: String, text: String)], input: ExecRequest.Input,
        terminal: TerminalSize?
    ) throws -> ExecRequest {
        let arguments = PassedCommand.words(command)
        guard let program = arguments.first else {
            throw SandboxError(.invalidArgument, "there is no command to run", remedy: "put it at the end: -- uname -a")
        }
        guard !program.isEmpty, !arguments.contains(where: { $0.contains("\0") }) else {
            throw SandboxError(.invalidArgument, "the command's name is empty", remedy: "put it at the end: -- uname -a")
        }
        var variables = try EnvironmentArguments.resolve(env, files: files, own: environment)
        if tty, variables["TERM"] == nil { variables["TERM"] = environment["TERM"] ?? "xterm" }
        let limit = try timeout.map { try DurationText.parse($0, bareSeconds: true) }
        if limit == .zero { throw SandboxError(.invalidArgument, "--timeout 0 leaves no time", remedy: "leave it out for no limit") }
        return ExecRequest(
            .arguments(arguments), workingDirectory: workdir.map { FilePath($0) }, environment: variables, user: user, input: input,
            terminal: terminal, timeout: limit)
    }

    /// The texts of the files that `--env-file` names.
    func readFiles(_ currentDirectory: FilePath) throws -> [(name: String, text: String)] {
        try envFile.map { name in
            (name, try SmallFile.text(at: VolumeArgument.absolute(name, currentDirectory)))
        }
    }
}

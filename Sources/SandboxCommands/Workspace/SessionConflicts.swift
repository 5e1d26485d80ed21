import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import Sandlot

/// `sandlot session conflicts`.
struct SessionConflicts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "List and settle what both sides of a synced workspace changed.",
        discussion: """
            EXAMPLES
              sandlot session conflicts list work
              sandlot session conflicts show work src/main.c --side sandbox
              sandlot session conflicts take-sandbox work src/main.c
              sandlot session conflicts merge work src/main.c
            """,
        subcommands: [List.self, Show.self, TakeHost.self, TakeSandbox.self, Merge.self])

    /// `sandlot session conflicts list`.
    struct List: SandlotCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List what is not settled.")
        @OptionGroup(title: "Sandlot") var settings: SettingsOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Id or name of the session; closed ones by id.") var session: String
        var speaksJSON: Bool { output.json }

        func run(in context: CommandContext) async throws -> Int32 {
            try await context.withRuntime(settings) { runtime in
                let all = try await runtime.engine.conflicts(of: runtime.engine.session(session).id)
                if output.json {
                    try await context.print(.array(all.map(SyncTelling.json)))
                } else {
                    var table = Table("ID", "PATH", "HOST", "SANDBOX", "REASON", style: context.style)
                    for one in all { table.add(one.id, one.path.description, Self.word(one.host), Self.word(one.sandbox), one.reason) }
                    if !all.isEmpty { try await context.print(table.text) }
                }
                return 0
            }
        }

        private static func word(_ node: TreeNode?) -> String {
            guard let node else { return "-" }
            return node.kindName == "file" ? SyncTelling.size(node.size) : node.kindName
        }
    }

    /// `sandlot session conflicts show`.
    struct Show: SandlotCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one, or print the version of a side that was kept.")
        @Option(name: .long, help: ArgumentHelp("Print this side's kept content: host or sandbox.", valueName: "side")) var side: String?
        @OptionGroup(title: "Sandlot") var settings: SettingsOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Id or name of the session.") var session: String
        @Argument(help: "Id or path of the conflict.") var conflict: String
        var speaksJSON: Bool { output.json }

        func run(in context: CommandContext) async throws -> Int32 {
            let wanted = try side.map { try Word.read($0, "side", as: WorkspaceSide.self) }
            return try await context.withRuntime(settings) { runtime in
                let found = try await runtime.engine.conflict(conflict, of: runtime.engine.session(session).id)
                guard let wanted else {
                    try await context.print(SyncTelling.json(found.conflict))
                    return 0
                }
                guard let content = wanted == .host ? found.host : found.sandbox else {
                    throw SandboxError(
                        .notFound, "no content of the \(wanted.rawValue) was kept for \(found.conflict.path)",
                        remedy: wanted == .host ? "the host's version is where it was" : "it was removed there, or is no file")
                }
                try await context.output.write(content)
                return 0
            }
        }
    }

    /// `sandlot session conflicts take-host`.
    struct TakeHost: SandlotCommand {
        static let configuration = CommandConfiguration(
            commandName: "take-host", abstract: "Keep the host's version; the next push brings it into the sandbox.")
        @OptionGroup var choice: ChosenConflicts

        func run(in context: CommandContext) async throws -> Int32 { try await choice.settle(.takeHost, context) }
    }

    /// `sandlot session conflicts take-sandbox`.
    struct TakeSandbox: SandlotCommand {
        static let configuration = CommandConfiguration(
            commandName: "take-sandbox", abstract: "Put the sandbox's version in place of the host's.")
        @OptionGroup var choice: ChosenConflicts

        func run(in context: CommandContext) async throws -> Int32 { try await choice.settle(.takeSandbox, context) }
    }

    /// `sandlot session conflicts merge`.
    struct Merge: SandlotCommand {
        static let configuration = CommandConfiguration(
            commandName: "merge", abstract: "Put both sides' changes of a text file together.",
            discussion: """
                By the rules of `git merge-file`. Nothing is changed when the changes touch. Needs what both sides had before, which is kept for
                sessions opened with --sync-merge.
                """)
        @OptionGroup var choice: ChosenConflicts

        func run(in context: CommandContext) async throws -> Int32 { try await choice.settle(.merge, context) }
    }
}

/// The conflicts that a command settles.
struct ChosenConflicts: ParsableArguments {
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @Argument(help: "Id or name of the session.") var session: String
    @Argument(help: "Ids or paths of conflicts.") var conflicts: [String]

    func settle(_ settlement: ConflictSettlement, _ context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try await runtime.engine.session(session).id
            for conflict in conflicts { try await runtime.engine.settle(conflict, of: id, settlement) }
            return 0
        }
    }
}

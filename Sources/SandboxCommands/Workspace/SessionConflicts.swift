import ArgumentParser
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import SystemPackage

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
    struct List: ServedCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List what is not settled.")
        @OptionGroup(title: "Sandlot") var settings: SettingsOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Id or name of the session; closed ones by id.") var session: String
        var speaksJSON: Bool { output.json }

        func run(in context: CommandContext) async throws -> Int32 {
            try await context.withPlace(settings) { place in
                let all = try await place.conflicts(of: place.session(session).id)
                if output.json {
                    try await context.print(.array(all.map(SyncTelling.json)))
                } else {
                    var table = Table("ID", "PATH", "HOST", "SANDBOX", "REASON", style: context.style)
                    for one in all { table.add(one.id, one.path.path.string, Self.word(one.host), Self.word(one.sandbox), one.reason) }
                    if !all.isEmpty { try await context.print(table.text) }
                }
                return 0
            }
        }

        private static func word(_ node: ConflictBody.Node?) -> String {
            guard let node else { return "-" }
            return node.kind == "file" ? SyncTelling.size(node.size) : node.kind
        }
    }

    /// `sandlot session conflicts show`.
    struct Show: ServedCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one, or print a version of it.")
        @Option(name: .long, help: ArgumentHelp("Print this version: host, sandbox, or base.", valueName: "side")) var side: String?
        @OptionGroup(title: "Sandlot") var settings: SettingsOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Id or name of the session.") var session: String
        @Argument(help: "Id or path of the conflict.") var conflict: String
        var speaksJSON: Bool { output.json }

        func run(in context: CommandContext) async throws -> Int32 {
            let wanted = try side.map { try Word.read($0, "side", as: ConflictVersion.self) }
            return try await context.withPlace(settings) { place in
                let id = try await place.session(session).id
                let found = try await place.conflict(conflict, of: id)
                guard let wanted else {
                    try await context.print(SyncTelling.json(found))
                    return 0
                }
                guard let content = try await place.content(of: found, wanted, in: id) else {
                    throw SandboxError(
                        .notFound, "there is no content of the \(wanted.rawValue)'s version of \(found.path.path)",
                        remedy: wanted == .base
                            ? "it is kept, for text, in sessions opened with --sync-merge" : "it was removed there, or is no file")
                }
                try await context.output.write(content)
                return 0
            }
        }
    }

    /// `sandlot session conflicts take-host`.
    struct TakeHost: ServedCommand {
        static let configuration = CommandConfiguration(
            commandName: "take-host", abstract: "Keep the host's version; the next push brings it into the sandbox.")
        @OptionGroup var choice: ChosenConflicts

        func run(in context: CommandContext) async throws -> Int32 { try await choice.settle(.takeHost, context) }
    }

    /// `sandlot session conflicts take-sandbox`.
    struct TakeSandbox: ServedCommand {
        static let configuration = CommandConfiguration(
            commandName: "take-sandbox", abstract: "Put the sandbox's version in place of the host's.")
        @OptionGroup var choice: ChosenConflicts

        func run(in context: CommandContext) async throws -> Int32 { try await choice.settle(.takeSandbox, context) }
    }

    /// `sandlot session conflicts merge`.
    struct Merge: ServedCommand {
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
        try await context.withPlace(settings) { place in
            let id = try await place.session(session).id
            for conflict in conflicts { try await place.settle(place.conflict(conflict, of: id), of: id, settlement) }
            return 0
        }
    }
}

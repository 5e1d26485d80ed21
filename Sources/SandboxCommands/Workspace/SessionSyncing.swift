import ArgumentParser
import SandboxAPI
import SandboxWorkspace

/// `sandlot session push`.
struct SessionPush: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Bring changes of the host's directory into a session's synced workspace.",
        discussion: "What the sandbox changed stays. Exits with 1 when something was left out because both sides changed it.")
    @OptionGroup var transfer: SessionTransfer
    var speaksJSON: Bool { transfer.output.json }

    func run(in context: CommandContext) async throws -> Int32 { try await transfer.run(.sandbox, in: context) }
}

/// `sandlot session pull`.
struct SessionPull: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Bring a session's changes back to the host's directory.",
        discussion: """
            Everything is saved first, then moved into place. What both sides changed is kept on both: `session conflicts` lists it. Exits with 1
            when there is such a conflict.
            """)
    @OptionGroup var transfer: SessionTransfer
    var speaksJSON: Bool { transfer.output.json }

    func run(in context: CommandContext) async throws -> Int32 { try await transfer.run(.host, in: context) }
}

/// What a push and a pull have in common.
struct SessionTransfer: ParsableArguments {
    @Flag(name: [.customShort("n"), .long], help: "Only tell what would be done.") var dryRun = false
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id or name.") var session: String

    /// Changes one side to be like the other.
    func run(_ side: WorkspaceSide, in context: CommandContext) async throws -> Int32 {
        try await context.withPlace(settings) { place in
            let id = try await place.session(session).id
            let isPush = side == .sandbox
            let report = try await SyncProgressLine.during(isPush ? "pushing" : "pulling", in: context) { progress in
                try await place.bringChanges(to: side, of: id, dryRun: dryRun, progress: progress)
            }
            if output.json {
                try await context.print(SyncTelling.json(report))
            } else {
                try await context.print(SyncTelling.text(report, context.style))
                await context.note(SyncTelling.summary(report, (dryRun ? "would be " : "") + (isPush ? "pushed" : "pulled")))
            }
            let isOpen = report.conflicts.contains { $0.loser == nil } || report.omitted.conflicts > 0 || !report.missed.isEmpty
            return isOpen ? 1 : 0
        }
    }
}

/// `sandlot session diff`.
struct SessionDiff: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what a pull and a push would change, or what changed in a mounted workspace.",
        discussion: "A is added, M modified, D deleted, m another mode, T another kind, C changed on both sides, ! kept out by a rule.")
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id or name.") var session: String
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withPlace(settings) { place in
            let id = try await place.session(session).id
            let report = try await SyncProgressLine.during("comparing", in: context) { _ in try await place.compareWorkspace(of: id) }
            if output.json {
                try await context.print(SyncTelling.json(report))
            } else {
                try await context.print(SyncTelling.text(report, context.style, bothWays: report.since == nil))
            }
            return 0
        }
    }
}

import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import Sandlot

/// `sandlot session push`.
struct SessionPush: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Bring changes of the directory here into a session's synced workspace.",
        discussion: "What the sandbox changed stays. Exits with 1 when something was left out because both sides changed it.")
    @OptionGroup var transfer: SessionTransfer
    var speaksJSON: Bool { transfer.output.json }

    func run(in context: CommandContext) async throws -> Int32 { try await transfer.run(.sandbox, in: context) }
}

/// `sandlot session pull`.
struct SessionPull: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Bring a session's changes back to the directory here.",
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
        try await context.withRuntime(settings) { runtime in
            let id = try await runtime.engine.session(session).id
            let call = SyncCall(runtime: runtime, context: context)
            let isPush = side == .sandbox
            var report = try await call.run(isPush ? "pushing" : "pulling") { progress in
                if dryRun { return try await runtime.engine.compareWorkspace(id) }
                return isPush
                    ? try await runtime.engine.push(id, progress: progress) : try await runtime.engine.pull(id, progress: progress)
            }
            // A comparison tells of a pull.
            if dryRun && isPush { swap(&report.changes, &report.pending) }
            if output.json {
                try await context.print(SyncTelling.json(report, isDryRun: dryRun))
            } else {
                try await context.print(SyncTelling.text(report, context.style))
                await context.note(SyncTelling.summary(report, (dryRun ? "would be " : "") + (isPush ? "pushed" : "pulled")))
            }
            return report.conflicts.contains { $0.loser == nil } || !report.missed.isEmpty ? 1 : 0
        }
    }
}

/// `sandlot session diff`.
struct SessionDiff: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what a pull and a push would change.",
        discussion: "A is added, M modified, D deleted, m another mode, T another kind, C changed on both sides, ! kept out by a rule.")
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id or name.") var session: String
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try await runtime.engine.session(session).id
            let call = SyncCall(runtime: runtime, context: context)
            let report = try await call.run("comparing") { _ in try await runtime.engine.compareWorkspace(id) }
            if output.json {
                try await context.print(SyncTelling.json(report, isDryRun: true))
            } else {
                try await context.print(SyncTelling.text(report, context.style, bothWays: true))
            }
            return 0
        }
    }
}

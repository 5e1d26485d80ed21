import ArgumentParser
import SandboxCore
import SandboxSettings
import SystemPackage

/// A workspace that is a copy, kept in step with a directory here: shared by `run` and `session open`.
struct SyncOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Directory to work on as a copy: copied in at the start, changes brought back at the end.", valueName: "directory"),
        completion: .directory)
    var sync: String?

    @Option(name: .long, help: ArgumentHelp("Which way changes go: both, push or pull.", valueName: "word"))
    var syncDirection: String?

    @Option(
        name: .long,
        help: ArgumentHelp("What both sides changed: ask (keep both), prefer-host or prefer-sandbox.", valueName: "word"))
    var syncConflicts: String?

    @Flag(name: .long, help: "Merge text that both sides changed, where their changes do not touch.")
    var syncMerge = false

    @Option(
        name: .long, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Leave this out, in the language of .gitignore; may be repeated.", valueName: "pattern"))
    var syncExclude: [String] = []

    @Option(
        name: .long, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Ignore file that counts, instead of .gitignore and .sandlotignore; may be repeated.", valueName: "name"))
    var syncIgnoreFile: [String] = []

    @Flag(name: .long, help: "Copy dependency and cache folders (node_modules, .venv, …) too.")
    var syncDependencies = false

    @Flag(name: .long, help: "Bring changes back after each command.")
    var syncAfterExec = false

    @Option(name: .long, help: ArgumentHelp("Keep both sides in step every so often.", valueName: "duration"))
    var syncEvery: String?

    @Flag(name: .long, help: "With --workspace or --sync: nothing comes back before `session pull`.")
    var review = false

    /// The workspace that these options make of the one that `--workspace` gave.
    func workspace(over given: WorkspaceChoice, currentDirectory: FilePath) throws -> WorkspaceChoice {
        var directory = sync.map { VolumeArgument.absolute($0, currentDirectory) }
        if case .mounted(let path, let readOnly) = given {
            guard directory == nil else {
                throw SandboxError(
                    .invalidArgument, "--workspace and --sync exclude each other",
                    remedy: "choose whether the directory is mounted or copied")
            }
            if review && !readOnly { directory = path }
        }
        guard let directory else {
            guard isPlain else {
                throw SandboxError(.invalidArgument, "there is nothing to keep in step", remedy: "name a directory with --sync")
            }
            return given
        }
        var choice = WorkspaceSync(directory: directory)
        choice.direction = try syncDirection.map { try Word.read($0, "sync-direction", as: WorkspaceSync.Direction.self) } ?? .both
        choice.conflicts = try syncConflicts.map { try Word.read($0, "sync-conflicts", as: WorkspaceSync.ConflictPolicy.self) } ?? .ask
        choice.mergesText = syncMerge
        choice.excludes = syncExclude
        if !syncIgnoreFile.isEmpty { choice.ignoreFiles = syncIgnoreFile }
        choice.excludesDependencies = !syncDependencies
        choice.pullsAfterExec = syncAfterExec
        choice.interval = try syncEvery.map { try DurationText.parse($0) }
        choice.needsReview = review
        return .synced(choice)
    }

    private var isPlain: Bool {
        syncDirection == nil && syncConflicts == nil && !syncMerge && syncExclude.isEmpty && syncIgnoreFile.isEmpty && !syncDependencies
            && !syncAfterExec
            && syncEvery == nil && !review
    }
}

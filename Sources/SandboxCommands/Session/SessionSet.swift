import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot session set`.
struct SessionSet: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a session.",
        discussion: """
            A session that has its sandbox gets another one with --backend or --image: the new one is made and filled with the workspace first, and on
            any failure the old one stays. Limits and --sandbox can be changed only while no sandbox was made.
            """)
    @Option(name: .long, help: "New name.") var name: String?
    @Option(name: .shortAndLong, help: "Backend.") var backend: String?
    @Option(name: .long, help: "Image, or the path of a directory that holds a root file system.") var image: String?
    @Flag(name: .shortAndLong, help: "Move to the other backend or image even while commands run: they are killed.") var force = false
    @Option(name: .long, help: ArgumentHelp("Run in a sandbox at all: on or off.", valueName: "on|off")) var sandbox: String?
    @Option(name: [.short, .long], help: ArgumentHelp("Memory of the whole sandbox.", valueName: "size")) var memory: String?
    @Option(name: .long, help: ArgumentHelp("Processors' worth of time.", valueName: "number")) var cpus: Double?
    @Option(name: .long, help: ArgumentHelp("Processes and threads at once.", valueName: "number")) var pidsLimit: Int?
    @Option(name: .long, help: ArgumentHelp("Bytes written to the sandbox's own files.", valueName: "size")) var disk: String?
    @Option(name: .long, help: ArgumentHelp("Close it when it was not used for so long; 0 is never.", valueName: "duration")) var idleTtl:
        String?
    @Option(name: .long, help: ArgumentHelp("Close it after so long in any case; 0 is never.", valueName: "duration")) var maxLife: String?
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id or name.") var session: String
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let record = try await runtime.engine.session(session)
            var patch = try patch(over: record.request.limits)
            if record.state == .ready, patch.backend != nil || image != nil {
                let choice = image.map { SandboxOptions.image($0, context.currentDirectory) }
                let moved = try await Progress.during("moving to another sandbox", in: context) {
                    try await runtime.engine.move(record.id, to: patch.backend, image: choice, force: force)
                }
                patch.backend = nil
                if patch == SessionPatch() {
                    if output.json { try await context.print(SessionReport.json(moved)) }
                    return 0
                }
            } else if image != nil {
                throw SandboxError(
                    .unsupported, "session \(record.id) has no sandbox yet: its image cannot be changed",
                    remedy: "open another session with that image")
            }
            guard patch != SessionPatch() else {
                throw SandboxError(.invalidArgument, "nothing is to be changed", remedy: "see `sandlot session set --help`")
            }
            let changed = try await runtime.engine.update(record.id, patch)
            if output.json { try await context.print(SessionReport.json(changed)) }
            return 0
        }
    }

    func patch(over limits: ResourceLimits) throws -> SessionPatch {
        enum Switch: String, CaseIterable { case on, off }
        var patch = SessionPatch(name: try name.map { try SessionName.validated($0) })
        patch.backend = try backend.map { try BackendID(validating: $0) }
        patch.sandbox = try sandbox.map { try Word.read($0, "sandbox", as: Switch.self) == .on }
        patch.idleTimeToLive = try Lifetime.patch(idleTtl)
        patch.maximumLife = try Lifetime.patch(maxLife)
        if memory != nil || cpus != nil || pidsLimit != nil || disk != nil {
            patch.limits = try LimitArguments.resolve(memory: memory, processors: cpus, processes: pidsLimit, disk: disk, over: limits)
        }
        return patch
    }
}

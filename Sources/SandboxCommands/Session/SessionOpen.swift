import ArgumentParser
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxSettings

/// `sandlot session open`.
struct SessionOpen: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open a session and print its id.",
        discussion: """
            EXAMPLES
              sandlot session open --name work --workspace .
              id=$(sandlot session open -m 1g); sandlot session exec $id -- make
            """)

    @OptionGroup(title: "Sandbox") var sandbox: SandboxOptions
    @Option(name: .long, help: ArgumentHelp("Close it when it was not used for so long; 0 is never.", valueName: "duration")) var idleTtl:
        String?
    @Option(name: .long, help: ArgumentHelp("Close it after so long in any case; 0 is never.", valueName: "duration")) var maxLife: String?
    @Flag(name: .long, help: "Make the sandbox only when it is first used.") var lazy = false
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withPlace(settings) { place in
            var request = try sandbox.request(currentDirectory: context.currentDirectory, limits: place.limits)
            request.idleTimeToLive = try Lifetime.option(idleTtl)
            request.maximumLife = try Lifetime.option(maxLife)
            let session = try await Progress.during("making a sandbox", in: context) {
                try await place.open(request, prepare: !lazy)
            }
            if output.json { try await context.print(SessionReport.json(session)) } else { try await context.print("\(session.id)\n") }
            return 0
        }
    }
}

/// Durations where 0 means never.
enum Lifetime {
    /// A hundred years.
    private static let never = Duration.seconds(100 * 365 * 86_400)

    static func option(_ text: String?) throws -> Duration? {
        guard let text else { return nil }
        let duration = try DurationText.parse(text)
        return duration == .zero ? never : duration
    }

    static func patch(_ text: String?) throws -> SessionPatch.TimeToLive? {
        guard let text else { return nil }
        let duration = try DurationText.parse(text)
        return duration == .zero ? .never : .after(duration)
    }
}

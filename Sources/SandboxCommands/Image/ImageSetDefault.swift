import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot image set-default`.
struct ImageSetDefault: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-default",
        abstract: "Choose the image of new sandboxes; it counts at once, for every Sandlot on the data directory.",
        discussion: """
            A session's own image comes first, then the backend's default, then the default for all, then what the backend offers by itself.

            EXAMPLES
              sandlot image set-default @core
              sandlot image set-default -b docker debian:trixie-slim
              sandlot image set-default --clear
            """)
    @Option(name: .shortAndLong, help: "Only for this backend.") var backend: String?
    @Flag(name: .long, help: "Leave it to the settings again.") var clear = false
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A reference, or what is built: @core, @core,web, @mine.") var image: String?
    var speaksJSON: Bool { output.json }

    func validate() throws {
        guard clear != (image != nil) else { throw ValidationError("name an image, or --clear") }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            try await runtime.engine.images.setDefault(image, on: try backend.map { try BackendID(validating: $0) })
            let defaults = try await runtime.engine.images.defaults()
            if output.json {
                try await context.print(.array(defaults.map { ImageReport.json($0.backend, $0.decision) }))
            } else {
                for (backend, decision) in defaults {
                    try await context.print("\(backend): \(decision.image ?? "its own") (\(decision.reason))\n")
                }
            }
            return 0
        }
    }
}

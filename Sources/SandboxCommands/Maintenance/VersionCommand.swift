import ArgumentParser

/// Which Sandlot this is.
enum Version {
    static let text = "0.1.0"
}

/// `sandlot version`.
struct VersionCommand: SandlotCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        if output.json {
            try await context.print(["version": .string(Version.text)])
        } else {
            try await context.print("sandlot \(Version.text)\n")
        }
        return 0
    }
}

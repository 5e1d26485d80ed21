import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot image check`.
struct ImageCheck: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tell which packages a base has, and what they are called there.",
        discussion: "Nothing is built. The exit status is 1 when a name is unknown or the distribution has nothing of the kind.")
    @Option(name: .shortAndLong, help: "Backend; without it the first that builds images and works here.") var backend: String?
    @Option(name: .long, help: ArgumentHelp("Image to look into; without it the backend's own.", valueName: "image")) var base: String?
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Package sets and packages.") var packages: [String]
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try backend.map { try BackendID(validating: $0) }
            let report = try await Progress.during("looking into the image", in: context) {
                try await runtime.engine.images.check(packages, base: base, on: id)
            }
            if output.json {
                try await context.print([
                    "base": .string(report.base), "distribution": .string(report.distribution),
                    "package_manager": .string(report.packageManager),
                    "packages": .array(
                        report.entries.map {
                            [
                                "name": .string($0.name), "verdict": .string($0.verdict.rawValue),
                                "packages": .array($0.packages.map { .string($0) }),
                            ]
                        }),
                ])
            } else {
                var table = Table("PACKAGE", "STATE", "CALLED", style: context.style)
                for entry in report.entries {
                    let called = entry.packages.joined(separator: " ")
                    table.add(entry.name, entry.verdict.rawValue, called == entry.name ? "" : called)
                }
                try await context.print(
                    "\(Table.harmless(report.base)): \(Table.harmless(report.distribution)), \(report.packageManager)\n")
                try await context.print(table.text)
            }
            return report.entries.allSatisfy { $0.verdict == .installed || $0.verdict == .missing } ? 0 : 1
        }
    }
}

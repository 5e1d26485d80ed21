import ArgumentParser
import SandboxCore
import SandboxTesting

/// `sandlot conformance`.
struct ConformanceCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance", abstract: "Hold backends to what every sandbox promises.",
        discussion: """
            The suite that every backend is developed against; a case is one promise. It says held, open (broken), not promised or could not run, as \
            `sandlot attack` does. The exit status is 1 when a promise is open, or a backend that was named does not work.
            """)
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var options: ProofOptions

    @Flag(name: .long, help: "Also the cases that take minutes or gigabytes.")
    var long = false

    @Option(name: .long, help: ArgumentHelp("Cases at once.", valueName: "count"))
    var parallel = 4

    var speaksJSON: Bool { options.format == .json }

    func run(in context: CommandContext) async throws -> Int32 {
        let only = try options.chosen(among: Set(ConformanceSuite.all.flatMap { [$0.id, $0.family] }))
        let cases = ConformanceSuite.all.filter { only.isEmpty || only.contains($0.id) || only.contains($0.family) }
        guard (1...64).contains(parallel) else {
            throw SandboxError(.invalidArgument, "'--parallel \(parallel)' is not between 1 and 64", remedy: "leave it out for 4")
        }
        return try await options.prove("checking", settings, in: context) { subject in
            var runner = ConformanceRunner(hostScratch: subject.scratch)
            runner.includesLong = long
            runner.parallelism = parallel
            return await runner.run(cases, on: subject.backend)
        }
    }
}

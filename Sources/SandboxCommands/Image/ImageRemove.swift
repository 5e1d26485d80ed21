import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxSettings
import Sandlot

/// `sandlot image rm`.
struct ImageRemove: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove images that Sandlot built.",
        discussion: "An image that a sandbox is made from, or that Sandlot did not build, stays.")
    @Option(name: .shortAndLong, help: "Backend; without it all that have the image.") var backend: String?
    @Flag(name: .long, help: "Forget the saved name @NAME instead; what was built from it stays.") var name = false
    @OptionGroup var settings: SettingsOptions
    @Argument(help: "Images, or the beginnings of their digests.") var images: [String]

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try backend.map { try BackendID(validating: $0) }
            let store = runtime.engine.images
            if name {
                for image in images { try await store.forget(image.hasPrefix("@") ? String(image.dropFirst()) : image) }
                return 0
            }
            // All are looked up before any is touched.
            var references: [String] = []
            for image in images { references.append(try await ImageLookup.reference(image, on: id, store)) }
            for reference in references {
                _ = try await Progress.during("removing \(reference)", in: context) { try await store.remove(reference, on: id) }
            }
            return 0
        }
    }
}

/// `sandlot image prune`.
struct ImagePrune: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove built images that are old, or that nobody used for long.",
        discussion: """
            Without options: those that were not used for 30 days. Images in use, those of other data directories and those that Sandlot did
            not build stay.
            """)
    @Option(name: .shortAndLong, help: "Backend; without it all that build images.") var backend: String?
    @Option(name: .long, help: ArgumentHelp("Only images that were built so long ago.", valueName: "duration")) var olderThan: String?
    @Option(name: .long, help: ArgumentHelp("Only images that were not used for so long.", valueName: "duration")) var unusedFor: String?
    @Flag(name: .long, help: "Tell what would be removed, and remove nothing.") var dryRun = false
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try backend.map { try BackendID(validating: $0) }
            let age = try olderThan.map { try DurationText.parse($0) } ?? .zero
            let disuse = try unusedFor.map { try DurationText.parse($0) } ?? (olderThan == nil ? .seconds(30 * 86_400) : .zero)
            let report = try await Progress.during("pruning", in: context) {
                try await runtime.engine.images.prune(olderThan: age, unusedFor: disuse, on: id, dryRun: dryRun)
            }
            if output.json {
                try await context.print([
                    "removed": .array(report.removed.map(ImageReport.json)), "bytes": .whole(report.bytes), "dry_run": .boolean(dryRun),
                    "problems": .array(report.problems.map { .string($0) }),
                ])
            } else {
                for kept in report.removed {
                    try await context.print("\(dryRun ? "would remove" : "removed") \(kept.image.reference) (\(kept.image.backend))\n")
                }
                for problem in report.problems { await context.note(problem) }
                if report.removed.isEmpty { try await context.print("nothing to do\n") }
            }
            return report.problems.isEmpty ? 0 : 1
        }
    }
}

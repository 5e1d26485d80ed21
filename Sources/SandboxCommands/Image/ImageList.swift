import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot image list`.
struct ImageList: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the images that Sandlot built, saved names and defaults.", aliases: ["ls"])
    @Option(name: .shortAndLong, help: "Backend; without it all that build images.") var backend: String?
    @Flag(name: .long, help: "Also tell what the image stores take.") var usage = false
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try backend.map { try BackendID(validating: $0) }
            let images = runtime.engine.images
            var problems: [String] = []
            let kept = try await Progress.during("listing images", in: context) {
                try await images.list(on: id) { problems.append("\($0): \($1)") }
            }
            let saved = try await images.saved()
            let defaults = try await images.defaults()
            let stores = usage ? try await images.usage(on: id) { problems.append("\($0): \($1)") } : []
            if output.json {
                try await context.print([
                    "images": .array(kept.map(ImageReport.json)),
                    "saved": .array(saved.map { ["name": .string($0.name), "spec": ImageReport.json($0.spec)] }),
                    "defaults": .array(defaults.map { ImageReport.json($0.backend, $0.decision) }),
                    "stores": .array(stores.map { ImageReport.json($0.backend, $0.usage) }),
                ])
            } else {
                try await context.print(ImageReport.table(kept, context.style))
                for (name, spec) in saved { try await context.print("@\(name): \(Table.harmless(ImageReport.summary(spec)))\n") }
                for (backend, decision) in defaults where decision.origin != .builtIn {
                    try await context.print("default of \(backend): \(decision.image ?? "-") (\(decision.reason))\n")
                }
                for (backend, usage) in stores { try await context.print(ImageReport.line(backend, usage)) }
            }
            for problem in problems { await context.note(problem) }
            return problems.isEmpty ? 0 : 1
        }
    }
}

/// `sandlot image sets`.
struct ImageSets: SandlotCommand {
    static let configuration = CommandConfiguration(commandName: "sets", abstract: "List the package sets.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let sets = runtime.engine.images.sets
            if output.json {
                try await context.print(
                    .array(
                        sets.map {
                            [
                                "name": .string($0.name), "summary": .string($0.summary),
                                "packages": .array($0.packages.map { .string($0) }),
                            ]
                        }))
                return 0
            }
            var table = Table("SET", "PACKAGES", "", style: context.style)
            for set in sets { table.add("@" + set.name, String(set.packages.count), set.summary) }
            try await context.print(table.text)
            return 0
        }
    }
}

import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot backend`.
struct BackendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backend", abstract: "What isolates sandboxes, and what works here.",
        subcommands: [BackendList.self, BackendProbe.self])
}

/// `sandlot backend list`.
struct BackendList: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List backends and whether they work here.", aliases: ["ls"])
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let backends = try await Progress.during("probing", in: context) { await runtime.engine.backends() }
            if output.json {
                try await context.print(.array(backends.map(BackendReport.json)))
            } else {
                try await context.print(BackendReport.table(backends, context.style))
            }
            return 0
        }
    }
}

/// `sandlot backend probe`.
struct BackendProbe: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Ask backends whether they work here, and why not.",
        discussion: "The exit status is 1 when a backend that was named does not work.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Backends; all without one.") var backends: [String] = []
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let all = try await Progress.during("probing", in: context) { await runtime.engine.backends(refresh: true) }
            let chosen = try backends.isEmpty ? all : backends.map { try BackendReport.find($0, in: all) }
            if output.json {
                try await context.print(.array(chosen.map(BackendReport.json)))
            } else {
                try await context.print(chosen.map { BackendReport.text($0, context.style) }.joined(separator: "\n"))
            }
            return backends.isEmpty || chosen.allSatisfy(\.availability.isAvailable) ? 0 : 1
        }
    }
}

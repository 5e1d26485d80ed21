import ArgumentParser
import Foundation
import SandboxEngine
import SandboxSettings
import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a command is given instead of reaching for globals.
struct CommandContext: Sendable {
    let environment: [String: String]
    let currentDirectory: FilePath
    let input: FileDescriptor
    let output: OutputStream
    let error: OutputStream
    let style: Style
    let errorStyle: Style
    /// Standard error is a terminal.
    let showsProgress: Bool
    let signals: ProcessSignals
    /// That commands work on in place of this machine.
    var server: ServerChoice?

    /// Of this process.
    init(signals: ProcessSignals) {
        let thread = BlockingThread()
        environment = ProcessInfo.processInfo.environment
        currentDirectory = FilePath(FileManager.default.currentDirectoryPath)
        input = .standardInput
        output = OutputStream(.standardOutput, on: thread)
        error = OutputStream(.standardError, on: thread)
        style = Style(isTerminal: isatty(1) == 1, environment: environment)
        errorStyle = Style(isTerminal: isatty(2) == 1, environment: environment)
        showsProgress = isatty(2) == 1
        self.signals = signals
    }

    /// Prints one JSON document.
    func print(_ value: JSONValue) async throws { try await output.write(value.text(indented: style.isOn) + "\n") }

    /// Prints text as it is.
    func print(_ text: String) async throws { try await output.write(text) }

    /// Tells the user something that is no result; never fails the command.
    func note(_ text: String) async { try? await error.write("sandlot: \(Table.harmless(text))\n") }

    /// Runs where the sessions are: at the server that was named, else with an engine of this machine.
    func withPlace(_ options: SettingsOptions, _ body: (any SessionPlace) async throws -> Int32) async throws -> Int32 {
        guard let server else {
            return try await withRuntime(options) { try await body(LocalPlace(runtime: $0, environment: environment)) }
        }
        try options.refuse(at: server)
        return try await body(ServerPlace(client: try server.client(self), dataDirectory: dataDirectory()))
    }

    /// Where this machine keeps its own, whatever a settings file says of an engine here.
    private func dataDirectory() throws -> FilePath {
        if let named = environment["SANDLOT_DATA_DIRECTORY"], named.hasPrefix("/") { return FilePath(named) }
        return FilePath(try SettingsLocations(environment: environment, userID: geteuid()).dataDirectory)
    }

    /// Runs with an engine and lets go of it afterwards.
    func withRuntime(_ options: SettingsOptions, _ body: (SandlotRuntime) async throws -> Int32) async throws -> Int32 {
        let runtime = try SandlotRuntime(options.sandlotOptions(environment: environment))
        for warning in runtime.settings.warnings { await note("\(warning); \(warning.remedy ?? "")") }
        do {
            let status = try await body(runtime)
            await runtime.engine.shutdown()
            return status
        } catch {
            await runtime.engine.shutdown()
            throw error
        }
    }
}

/// A verb: it gets its context and gives an exit status.
protocol SandlotCommand: ParsableCommand {
    func run(in context: CommandContext) async throws -> Int32
    /// Failures are told as JSON.
    var speaksJSON: Bool { get }
}

extension SandlotCommand {
    var speaksJSON: Bool { false }
}

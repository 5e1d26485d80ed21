import ArgumentParser
import Sandlot

/// `sandlot firecracker`.
struct FirecrackerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firecracker", abstract: "What the backend firecracker needs.", subcommands: [FirecrackerSetUp.self])
}

/// `sandlot firecracker setup`.
struct FirecrackerSetUp: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup", abstract: "Install Firecracker where it is missing, try KVM, and make what machines start from.",
        discussion: """
            Firecracker and its jailer come from a package of Python's index, taken only with the digests that this build knows; what is in
            PATH or named by settings is used as it is. A machine is booted as a trial of KVM, and saved for others to begin as its copies.
            """)
    @OptionGroup var settings: SettingsOptions
    @Flag(name: .long, help: "Only install; try and make nothing.") var onlyInstall = false

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            try await runtime.setUpFirecracker(onlyInstalls: onlyInstall) { try await context.print(Table.harmless($0) + "\n") }
            return 0
        }
    }
}

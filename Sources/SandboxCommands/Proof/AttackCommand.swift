import ArgumentParser
import SandboxAPI
import SandboxCore
import SandboxTesting
import Sandlot

/// `sandlot attack`.
struct AttackCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack", abstract: "Try to get out of a sandbox of each backend, and tell what held.",
        discussion: """
            A fixed list of attempts, made from inside: the preconditions of known escapes, doors of the kernel, files, devices and sockets of the \
            host, ways out by the network, hogs, hostile archives. Each says what it tried and what came of it:
              held            it was refused
              open            it was promised to be refused, and was not
              not promised    this isolation does not promise it; the detail says why
              could not run   it could not be tried here; the detail says why
            Nothing of the host is changed. The exit status is 1 when a promise is open, or a backend that was named does not work.
            """)
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var options: ProofOptions
    var speaksJSON: Bool { options.format == .json }

    func run(in context: CommandContext) async throws -> Int32 {
        let only = try options.chosen(among: AttackRunner.names)
        return try await options.prove("attacking", settings, in: context) { subject in
            var runner = AttackRunner(hostScratch: subject.scratch, guest: try subject.runtime.guest()) { TarStreams.items(of: $0) }
            runner.only = only
            return await runner.run(on: subject.backend)
        }
    }
}

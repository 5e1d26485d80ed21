import ArgumentParser
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `sandlot run`.
struct RunCommand: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run one command in a fresh sandbox, which is gone afterwards.",
        usage: "sandlot run [options] [--] command [argument …]",
        discussion: """
            Output and exit status are the command's own. Standard input is passed on when it is a pipe or a file.

            EXAMPLES
              sandlot run -- sh -c 'echo $HOME; id'
              sandlot run --workspace . --network open -- npm test
              sandlot run -v ~/data:/data:ro -m 512m --timeout 1m -- python3 crunch.py
              sandlot run -it -- bash
            """)

    @OptionGroup(title: "Sandbox") var sandbox: SandboxOptions
    @OptionGroup(title: "Command") var exec: ExecOptions
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @Flag(name: .customLong("rm"), help: "Remove the sandbox afterwards; that is what happens anyway.") var remove = false
    @Flag(name: .long, help: "Keep the session afterwards and print its id on standard error.") var keep = false
    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.") var command: [String] = []

    func validate() throws {
        try PassedCommand.validate(command, of: self)
        if remove && keep { throw ValidationError("--rm and --keep exclude each other") }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        let (request, terminal) = try exec.request(command, in: context)
        _ = try sandbox.request(currentDirectory: context.currentDirectory, limits: ResourceLimits())
        return try await context.withPlace(settings) { place in
            let execution = CommandExecution(place: place, context: context)
            var wanted = try sandbox.request(currentDirectory: context.currentDirectory, limits: place.limits)
            wanted.endsWithCreator = !keep
            let session = try await Progress.during("making a sandbox", in: context) { try await place.open(wanted, prepare: true) }
            if keep { await context.note("session \(session.id)") }
            do {
                let status = try await execution.run(request, terminal: terminal, in: session.id)
                await end(session.id, place, context)
                return status
            } catch {
                await end(session.id, place, context)
                throw error
            }
        }
    }

    /// Owned and awaited: the sandbox goes although this task may be cancelled. What cannot be removed now is reaped later, and the command's
    /// status stands.
    private func end(_ session: SessionID, _ place: any SessionPlace, _ context: CommandContext) async {
        guard !keep else { return }
        let closing = Task { try await place.close(session, force: true, discard: false) }
        do { try await closing.value } catch {
            await context.note("the sandbox could not be removed: \(error); `sandlot reap` tries again")
        }
        if let kept = try? await place.conflicts(of: session).count, kept > 0 {
            await context.note(
                "\(kept) changed on both sides or not taken over; see `sandlot session conflicts list \(session)`")
        }
    }
}

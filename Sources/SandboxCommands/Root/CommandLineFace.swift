import ArgumentParser
import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The command line as a whole: arguments in, exit status out.
public enum CommandLineFace {
    /// Runs the command that the process' arguments name, and ends the process.
    public static func main() -> Never {
        let signals = ProcessSignals()
        let arguments = Array(CommandLine.arguments.dropFirst())
        let command = Task.detached {
            let context = CommandContext(signals: signals)
            exit(await status(of: arguments, in: context))
        }
        signals.own(command)
        signals.deliver()
    }

    static func status(of arguments: [String], in context: CommandContext) async -> Int32 {
        let command: any SandlotCommand
        var (arguments, context) = (arguments, context)
        do {
            context.server = try ServerChoice.take(from: &arguments, environment: context.environment)
            try VerbCheck.check(arguments)
            var parsed = try SandlotRoot.parseAsRoot(arguments)
            guard let known = parsed as? any SandlotCommand else {
                // Help, and nouns without a verb.
                try parsed.run()
                return 0
            }
            command = known
            try context.server?.check(command)
        } catch let failure as SandboxError {
            try? await context.error.write(Failure(failure).text(context.errorStyle))
            return ExitStatus.sandlotFailed
        } catch {
            if let misplaced = ServerChoice.misplaced(arguments) {
                try? await context.error.write(Failure(misplaced).text(context.errorStyle))
                return ExitStatus.sandlotFailed
            }
            return await tell(error, in: context)
        }
        do {
            return try await command.run(in: context)
        } catch let error as Errno where error == .brokenPipe {
            // Nobody reads any more, as `… | head` does: what a shell reports for a writer that SIGPIPE killed.
            return ExitStatus.signalBase + SIGPIPE
        } catch {
            let failure = Failure(error)
            try? await context.error.write(command.speaksJSON ? failure.json.text() + "\n" : failure.text(context.errorStyle))
            return failure.status
        }
    }

    /// Help goes to standard output with 0; what was not understood goes to standard error with 125.
    private static func tell(_ error: any Error, in context: CommandContext) async -> Int32 {
        let text = SandlotRoot.fullMessage(for: error)
        guard SandlotRoot.exitCode(for: error) != .success else {
            try? await context.output.write(text.hasSuffix("\n") ? text : text + "\n")
            return 0
        }
        try? await context.error.write(Failure.understandable(text) + "\n")
        return ExitStatus.sandlotFailed
    }
}

extension Failure {
    /// The parser's message in the form of all others.
    static func understandable(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let first = lines.first, first.hasPrefix("Error: ") { lines[0] = "sandlot: " + first.dropFirst(7) }
        return lines.joined(separator: "\n")
    }
}

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
        let parsed: any ParsableCommand
        do {
            parsed = try SandlotRoot.parseAsRoot(arguments)
        } catch {
            return await tell(error, arguments, in: context)
        }
        do {
            guard let command = parsed as? any SandlotCommand else {
                var other = parsed
                try other.run()
                return 0
            }
            return try await command.run(in: context)
        } catch let error as Errno where error == .brokenPipe {
            // Nobody reads any more, as `… | head` does: what a shell reports for a writer that SIGPIPE killed.
            return ExitStatus.signalBase + SIGPIPE
        } catch  where SandlotRoot.isArgumentParsing(error) {
            return await tell(error, arguments, in: context)
        } catch {
            let failure = Failure(error)
            let isJSON = (parsed as? any SandlotCommand)?.speaksJSON == true
            try? await context.error.write(isJSON ? failure.json.text() + "\n" : failure.text(context.errorStyle))
            return failure.status
        }
    }

    /// Help goes to standard output with 0; what was not understood goes to standard error with 125.
    private static func tell(_ error: any Error, _ arguments: [String], in context: CommandContext) async -> Int32 {
        let text = SandlotRoot.fullMessage(for: error)
        guard SandlotRoot.exitCode(for: error) != .success else {
            try? await context.output.write(text.hasSuffix("\n") ? text : text + "\n")
            return 0
        }
        try? await context.error.write(Failure.understandable(text) + "\n")
        return ExitStatus.sandlotFailed
    }
}

extension ParsableCommand {
    /// The parser's own errors (help, validation), thrown while a command runs.
    static func isArgumentParsing(_ error: any Error) -> Bool {
        error is CleanExit || error is ValidationError || error is ExitCode
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

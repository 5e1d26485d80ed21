import SandboxCore
import SandboxProcess
import SystemPackage

/// A secret that a program prints: a password manager, a cloud's command line.
public struct SecretCommand: Sendable {
    private let programs: HostPrograms
    private let deadline: Duration

    /// A password manager may ask its user: the deadline leaves time for that.
    public init(programs: HostPrograms, deadline: Duration = .seconds(60)) {
        self.programs = programs
        self.deadline = deadline
    }

    /// Runs a program with arguments and returns what it prints, without the line break at its end. What it prints appears in no error.
    public func run(_ command: [String], for purpose: String) async throws -> String {
        guard let name = command.first, !name.isEmpty else {
            throw SandboxError(.invalidArgument, "the command for \(purpose) is empty", remedy: "name a program and its arguments")
        }
        guard let program = programs.find(name) else {
            throw SandboxError(
                .notFound, "the command for \(purpose), '\(name)', is not here", remedy: "install it, or give its whole path")
        }
        let result = try await programs.runner().run(
            FilePath(program), Array(command.dropFirst()), environment: programs.environment, deadline: deadline,
            outputLimit: SecretFile.limit)
        guard result.isSuccess else {
            throw SandboxError(
                .unavailable, "the command for \(purpose), '\(name)', failed: \(Self.words(result.ending))",
                remedy: "run it by hand to see why")
        }
        guard let text = String(validating: result.standardOutput, as: UTF8.self)?.withoutLineBreak, !text.isEmpty else {
            throw SandboxError(.unavailable, "the command for \(purpose), '\(name)', printed no text", remedy: "run it by hand to see why")
        }
        return text
    }

    private static func words(_ ending: ProcessEnding) -> String {
        switch ending {
        case .exited(let code): "exit status \(code)"
        case .signaled(let number): "killed by signal \(number)"
        case .unknown: "nobody knows how it ended"
        }
    }
}

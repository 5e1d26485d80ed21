import ArgumentParser
import SandboxCore
import SandboxSettings

/// Meets a mistyped verb before the parser does, which would only say that it did not expect it.
enum VerbCheck {
    static func check(_ arguments: [String]) throws {
        var noun: any ParsableCommand.Type = SandlotRoot.self
        var path = ["sandlot"]
        for argument in arguments {
            let below = noun.configuration.subcommands
            guard !below.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return }
            let verbs = below.flatMap { type in
                ([type.configuration.commandName] + type.configuration.aliases).compactMap { $0 }.map { (name: $0, type: type) }
            }
            path.append(argument)
            guard let next = verbs.first(where: { $0.name == argument }) else {
                let parent = path.dropLast().joined(separator: " ")
                let near = NearestWord.of(argument, among: verbs.map(\.name)).map { "did you mean '\(parent) \($0)'?" }
                throw SandboxError(
                    .invalidArgument, "there is no command '\(path.joined(separator: " "))'", remedy: near ?? "see `\(parent) --help`")
            }
            noun = next.type
        }
    }
}

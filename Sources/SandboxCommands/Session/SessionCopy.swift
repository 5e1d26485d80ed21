import ArgumentParser
import SandboxAPI
import SandboxCore
import SystemPackage

/// `sandlot session cp`.
struct SessionCopy: ServedCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Copy files and directories into and out of a session.",
        usage: "sandlot session cp source session:target\n       sandlot session cp session:source target",
        discussion: """
            Relative paths in a session mean its workspace. A directory goes below an existing target directory under its own name;
            with /. at its end only what it holds is copied.

            EXAMPLES
              sandlot session cp ./src work:app
              sandlot session cp work:report.html .
            """)
    @OptionGroup var settings: SettingsOptions
    @Argument(help: "A path here, or session:path.") var source: String
    @Argument(help: "A path here, or session:path.") var target: String

    func run(in context: CommandContext) async throws -> Int32 {
        let (from, to) = (try CopyArgument(source), try CopyArgument(target))
        return try await context.withPlace(settings) { place in
            let refused: [(path: FilePath, reason: String)]
            switch (from, to) {
            case (.host(let here), .session(let name, let there)):
                let files = try await place.files(in: place.session(name).id)
                refused = try await Progress.during("copying", in: context) { try await CopyIn(files: files).copy(here, to: there) }
            case (.session(let name, let there), .host(let here)):
                let files = try await place.files(in: place.session(name).id)
                refused = try await Progress.during("copying", in: context) { try await CopyOut(files: files).copy(there, to: here) }
            default:
                throw SandboxError(
                    .invalidArgument, "exactly one of source and target must be in a session", remedy: "write it as session:path")
            }
            for (path, reason) in refused { await context.note("\(path) was not copied: \(reason)") }
            return refused.isEmpty ? 0 : 1
        }
    }
}

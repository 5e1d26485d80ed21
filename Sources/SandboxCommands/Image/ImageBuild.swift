import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxSettings
import Sandlot
import SystemPackage

/// `sandlot image build`.
struct ImageBuild: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build an image, or find it built, and print its name.",
        discussion: """
            The name is derived from the base's digest and everything that is installed, so the same image is built once. The log goes to
            standard error. Ctrl-C cancels the build; a build that was cancelled or failed leaves no image.

            EXAMPLES
              sandlot image build                          the package set 'core'
              sandlot image build core web htop            sets and packages, by their Debian names
              sandlot image build --name mine core php     saved: sessions ask for @mine
              sandlot image build --base alpine:3.20 jq    over another base; names are translated
              sandlot image build --file Dockerfile        a Dockerfile, which sees no other file
            """)

    @Option(name: .shortAndLong, help: "Backend; without it the first that builds images and works here.") var backend: String?
    @Option(name: .long, help: ArgumentHelp("Image to start from; without it the backend's own.", valueName: "image")) var base: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Dockerfile to build.", valueName: "path"), completion: .file()) var file: String?
    @Option(name: .long, help: ArgumentHelp("Value for an ARG of the Dockerfile; no place for secrets.", valueName: "name=value"))
    var buildArg: [String] = []
    @Option(name: .long, help: "Save what is built under this name.") var name: String?
    @Flag(name: .long, help: "Fetch the base even if it is there.") var pull = false
    @Flag(name: .long, help: "Build even if the image is there.") var rebuild = false
    @Flag(name: .long, help: "Use nothing of earlier builds; implies --rebuild.") var noCache = false
    @Flag(name: .shortAndLong, help: "Do not print the log.") var quiet = false
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Package sets and packages, or one saved image as @name.") var items: [String] = []
    var speaksJSON: Bool { output.json }

    func validate() throws {
        if file != nil, !items.isEmpty || base != nil { throw ValidationError("--file excludes packages and --base") }
        if file == nil, !buildArg.isEmpty { throw ValidationError("--build-arg needs --file") }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try backend.map { try BackendID(validating: $0) }
            let spec = try await spec(runtime, context)
            let options = ImageBuildOptions(refreshesBase: pull, rebuilds: rebuild || noCache, usesCache: !noCache)
            let (lines, feed) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(4096))
            let printing = Task { for await line in lines { try await self.tell(line, context) } }
            let result: ImageBuildResult
            do {
                result = try await runtime.engine.images.build(spec, on: id, options: options) { feed.yield($0) }
                feed.finish()
                _ = await printing.result
            } catch {
                feed.finish()
                _ = await printing.result
                throw error
            }
            if let name { try await runtime.engine.images.save(spec, as: name) }
            try await context.print(output.json ? ImageReport.json(result).text() + "\n" : "\(result.image.reference)\n")
            if !output.json, !quiet {
                let seconds = Double(result.duration.components.seconds) + Double(result.duration.components.attoseconds) / 1e18
                let time = seconds < 10 ? "\((seconds * 100).rounded() / 100) s" : "\(Int(seconds)) s"
                await context.note(
                    "\(result.wasBuilt ? "built" : "found") on \(result.image.backend) in \(time)"
                        + (name.map { "; saved as @\($0)" } ?? ""))
            }
            return 0
        }
    }

    private func tell(_ line: String, _ context: CommandContext) async throws {
        if output.json {
            try await context.print((["log": .string(line)] as JSONValue).text() + "\n")
        } else if !quiet {
            try await context.error.write(context.errorStyle.dim(Table.harmless(line)) + "\n")
        }
    }

    private func spec(_ runtime: SandlotRuntime, _ context: CommandContext) async throws -> ImageSpec {
        if let file {
            let path = VolumeArgument.absolute(file, context.currentDirectory)
            var arguments: [String: String] = [:]
            for pair in buildArg {
                let name = String(pair.prefix { $0 != "=" })
                guard !name.isEmpty, name.count < pair.count else {
                    throw SandboxError(.invalidArgument, "'--build-arg \(name)' has no value", remedy: "write --build-arg name=value")
                }
                arguments[name] = String(pair.dropFirst(name.count + 1))
            }
            return ImageSpec(.dockerfile(try SmallFile.text(at: path)), arguments: arguments)
        }
        if items.count == 1, items[0].hasPrefix("@"), var saved = try await runtime.engine.images.spec(of: items[0]) {
            if let base { saved.base = base }
            return saved
        }
        return runtime.engine.images.spec(packages: items.isEmpty ? ["core"] : items, base: base)
    }
}

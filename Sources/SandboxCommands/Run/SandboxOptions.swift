import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxSettings
import SystemPackage

/// What the sandbox shall be: shared by `run` and `session open`.
struct SandboxOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Backend; without it the first that works here.")
    var backend: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Weakest isolation that is accepted: process, wasm, namespace, container, microvm.", valueName: "floor"))
    var isolation: String?

    @Option(
        name: .long,
        help: "Image; @name or @set,package for one that is built; or the path of a directory that holds a root file system.")
    var image: String?

    @Option(name: .customLong("package"), help: ArgumentHelp("Package or @set that must be there; may be repeated.", valueName: "package"))
    var packages: [String] = []

    @Option(name: .long, help: ArgumentHelp("When packages cannot be installed: required or best-effort.", valueName: "word"))
    var provision: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Directory to work on, mounted as the workspace; add :ro to protect it.", valueName: "directory[:ro]"),
        completion: .directory)
    var workspace: String?

    @OptionGroup var sync: SyncOptions

    @Option(
        name: [.short, .long], parsing: .unconditionalSingleValue, help: ArgumentHelp("Mount a host path.", valueName: "source:target[:ro]")
    )
    var volume: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Memory of the whole sandbox: 512m, 2g.", valueName: "size"))
    var memory: String?

    @Option(name: .long, help: ArgumentHelp("Processors' worth of time: 1.5.", valueName: "number"))
    var cpus: Double?

    @Option(name: .long, help: ArgumentHelp("Processes and threads at once.", valueName: "number"))
    var pidsLimit: Int?

    @Option(name: .long, help: ArgumentHelp("Bytes written to the sandbox's own files: 1g.", valueName: "size"))
    var disk: String?

    @Option(name: .long, help: ArgumentHelp("Graphics processors of the host: all or a number.", valueName: "all|number"))
    var gpus: String?

    @Option(name: .long, help: ArgumentHelp("Time zone of the commands: Europe/Berlin.", valueName: "name"))
    var timezone: String?

    @Option(name: .long, help: ArgumentHelp("Whom the sandbox can reach: none or open.", valueName: "policy"))
    var network: String?

    @Option(name: .long, help: ArgumentHelp("Life of the home directory: ephemeral, session, shared.", valueName: "word"))
    var home: String?

    @Option(name: .long, help: "Name of the session.")
    var name: String?

    @Flag(name: .customLong("no-sandbox"), help: "Run on this machine without a sandbox; the settings must allow it.")
    var noSandbox = false

    /// The request that these options mean; `limits` are those of the settings.
    func request(currentDirectory: FilePath, limits: ResourceLimits) throws -> SessionRequest {
        var request = SessionRequest(name: try name.map { try SessionName.validated($0) })
        request.backend = try backend.map { try BackendID(validating: $0) }
        request.floor = try isolation.map { try Word.read($0, "isolation", as: Isolation.self) }
        request.image = image.map { Self.image($0, currentDirectory) } ?? .backendDefault
        request.packages = packages
        if let provision { request.provision = try Word.read(provision, "provision", as: ProvisionPolicy.self) }
        request.workspace = try workspace.map { try VolumeArgument.workspace($0, currentDirectory: currentDirectory) } ?? .private
        request.workspace = try sync.workspace(over: request.workspace, currentDirectory: currentDirectory)
        request.mounts = try volume.map { try VolumeArgument.mount($0, currentDirectory: currentDirectory) }
        request.network = try network.map { try Word.read($0, "network", as: NetworkPolicy.self) }
        request.home = try home.map { try Word.read($0, "home", as: HomePersistence.self) }
        if noSandbox { request.sandbox = false }
        request.timeZone = try timezone.map { try TimeZoneName.validated($0) }
        if memory != nil || cpus != nil || pidsLimit != nil || disk != nil || gpus != nil {
            request.limits = try LimitArguments.resolve(
                memory: memory, processors: cpus, processes: pidsLimit, disk: disk, gpus: gpus, over: limits)
        }
        return request
    }

    static func image(_ text: String, _ currentDirectory: FilePath) -> ImageChoice {
        let isPath = text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../")
        return isPath ? .rootDirectory(VolumeArgument.absolute(text, currentDirectory)) : .reference(text)
    }
}

/// The name of a session follows the rules of all identifiers.
enum SessionName {
    static func validated(_ text: String) throws -> String {
        struct Name: Identifier {
            static let noun = "session name"
            let rawValue: String
            init(unchecked rawValue: String) { self.rawValue = rawValue }
        }
        return try Name(validating: text).rawValue
    }
}

/// One of a fixed set of words.
enum Word {
    static func read<W: RawRepresentable & CaseIterable>(_ text: String, _ option: String, as: W.Type) throws -> W
    where W.RawValue == String {
        if let word = W(rawValue: text) { return word }
        let words = W.allCases.map(\.rawValue)
        let near = NearestWord.of(text, among: words).map { "did you mean '\($0)'?" } ?? "use one of \(words.joined(separator: ", "))"
        throw SandboxError(.invalidArgument, "--\(option) '\(text)' is not one of \(words.joined(separator: ", "))", remedy: near)
    }
}

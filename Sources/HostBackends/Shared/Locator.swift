import SandboxCore
import SandboxProcess
import SystemPackage

/// The locator of a local sandbox, typed.
struct Locator: Equatable {
    /// The guest: process 1 of the sandbox where it has a pid namespace.
    var guest: ProcessIdentity?
    /// The process around it, where there is one (`bwrap`).
    var outer: ProcessIdentity?
    /// Nil where no limit needed one.
    var group: ControlGroup?
    /// A directory outside of the sandbox' folder that ends with the sandbox.
    var extraDirectory: FilePath?
    /// Where the workspace is for the guest.
    var workspace: FilePath
    /// The file, as the guest sees it, with the environment for every exec.
    var environmentFile: FilePath?
    /// Variables beneath the sandbox' own environment; nothing secret.
    var variables: [String: String] = [:]
    /// The home directory as the guest sees it.
    var home: FilePath

    var texts: [String: String] {
        var all = ["workspace": workspace.string, "home": home.string]
        if let guest { all["guest"] = Self.text(guest) }
        if let outer { all["outer"] = Self.text(outer) }
        if let group {
            all["groups"] = group.directories.map(\.string).joined(separator: ":")
            all["groups.unified"] = group.isUnified ? "true" : "false"
        }
        if let extraDirectory { all["directory"] = extraDirectory.string }
        for (name, value) in variables { all["variable.\(name)"] = value }
        if let environmentFile { all["environment"] = environmentFile.string }
        return all
    }

    init(workspace: FilePath, home: FilePath) {
        self.workspace = workspace
        self.home = home
    }

    init(_ reference: SandboxReference) throws {
        let texts = reference.locator
        guard let workspace = texts["workspace"], let home = texts["home"] else {
            throw SandboxError(.invalidArgument, "the reference of sandbox \(reference.id) does not say where its workspace is")
        }
        self.init(workspace: FilePath(workspace), home: FilePath(home))
        guest = try texts["guest"].map(Self.identity)
        outer = try texts["outer"].map(Self.identity)
        if let groups = texts["groups"] {
            group = ControlGroup(
                directories: groups.split(separator: ":").map { FilePath(String($0)) }, isUnified: texts["groups.unified"] == "true")
        }
        extraDirectory = texts["directory"].map { FilePath($0) }
        for (key, value) in texts where key.hasPrefix("variable.") { variables[String(key.dropFirst("variable.".count))] = value }
        environmentFile = texts["environment"].map { FilePath($0) }
    }

    private static func text(_ identity: ProcessIdentity) -> String { "\(identity.pid) \(identity.startTime) \(identity.boot)" }

    private static func identity(_ text: String) throws -> ProcessIdentity {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 3, let pid = Int32(parts[0]), pid > 1, let start = UInt64(parts[1]) else {
            throw SandboxError(.invalidArgument, "'\(text)' does not identify a process")
        }
        return ProcessIdentity(pid: pid, startTime: start, boot: parts[2])
    }
}

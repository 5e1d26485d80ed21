import SandboxCore
import SandboxProcess
import SystemPackage

/// The operating system's keyring, through the program that the system brings for it. A key reaches that program over standard input only.
struct Keyring: Sendable {
    private let programs: HostPrograms
    private let tool: String

    /// A locked keyring asks its user.
    private static let deadline: Duration = .seconds(60)
    /// What these programs need to find the user's session.
    private static let variables = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
    ]

    #if os(macOS)
        private static let program = "/usr/bin/security"
        private static func isPlausible(_ environment: [String: String]) -> Bool { true }
    #else
        private static let program = "secret-tool"
        /// Without a session bus there is no Secret Service, and the program would try to start one.
        private static func isPlausible(_ environment: [String: String]) -> Bool {
            environment["DBUS_SESSION_BUS_ADDRESS"]?.isEmpty == false
        }
    #endif

    /// Nil where there is none.
    init?(programs: HostPrograms) {
        guard Self.isPlausible(programs.environment), let tool = programs.find(Self.program) else { return nil }
        self.programs = programs
        self.tool = tool
    }

    /// Keeps a key. Throws `unavailable` when the keyring does not take it.
    func keep(_ material: String, id: String) async throws {
        #if os(macOS)
            let result = try await run(["-i"], input: "add-generic-password -U -s sandlot -a \(id) -w \(material)\n")
        #else
            let result = try await run(["store", "--label=Sandlot secrets", "service", "sandlot", "key", id], input: material)
        #endif
        // Some of these programs succeed without having kept anything.
        guard result.isSuccess, try await find(id) == material else {
            throw SandboxError(.unavailable, "the keyring did not take the key", remedy: "unlock it, or set secrets.keyring to false")
        }
    }

    /// The key, or nil when the keyring has none of that id.
    func find(_ id: String) async throws -> String? {
        #if os(macOS)
            let result = try await run(["find-generic-password", "-s", "sandlot", "-a", id, "-w"])
        #else
            let result = try await run(["lookup", "service", "sandlot", "key", id])
        #endif
        guard result.isSuccess else { return nil }
        let text = result.outputText.trimmingPrefix { $0.isWhitespace }.prefix { !$0.isWhitespace }
        return text.isEmpty ? nil : String(text)
    }

    /// Removes a key; one that is not there is no error.
    func forget(_ id: String) async {
        #if os(macOS)
            _ = try? await run(["delete-generic-password", "-s", "sandlot", "-a", id])
        #else
            _ = try? await run(["clear", "service", "sandlot", "key", id])
        #endif
    }

    private func run(_ arguments: [String], input: String = "") async throws -> CommandResult {
        try await programs.runner().run(
            FilePath(tool), arguments, environment: programs.environment.filter { Self.variables.contains($0.key) },
            input: Array(input.utf8), deadline: Self.deadline, outputLimit: 64 << 10)
    }
}

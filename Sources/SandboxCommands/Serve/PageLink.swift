import Foundation
import SandboxEngine
import SandboxServer
import SystemPackage

/// The link that signs a browser in, once.
struct PageLink: Sendable {
    let options: ServerOptions
    let port: Int
    let engine: Engine
    let context: CommandContext

    /// Prints it, and opens it where there is a desktop. A failure is told and ends nothing: the server runs.
    func offer() async {
        do {
            let code = try await engine.createLoginCode(scopes: [.admin])
            // What listens everywhere is called by this machine's own address.
            let host = ["0.0.0.0", "::"].contains(options.host) ? "127.0.0.1" : options.host
            let link = ServeCommand.address(options, host: host, port) + "/login?code=" + code.credential.reveal()
            try await context.print(link + "\n")
            guard let opener else { return }
            try start(opener, with: try page(leadingTo: link))
        } catch {
            await context.note("the page cannot be opened: \(error)")
        }
    }

    private var opener: String? {
        #if os(macOS)
            return "/usr/bin/open"
        #else
            guard context.environment["DISPLAY"] != nil || context.environment["WAYLAND_DISPLAY"] != nil else { return nil }
            let places = (context.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/xdg-open" }
            return places.first { FileManager.default.isExecutableFile(atPath: $0) }
        #endif
    }

    /// A file that only its owner reads: every user of the machine sees the arguments of programs.
    private func page(leadingTo link: String) throws -> String {
        let path = engine.dataDirectory.appending("open.html").string
        let text = "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url=\(link)\"><title>Sandlot</title>"
        try? FileManager.default.removeItem(atPath: path)
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
        return path
    }

    private func start(_ program: String, with argument: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [argument]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }
}

import Foundation
import SandboxCore
import SystemPackage

/// The built page, read once: requests name entries of a table, never files.
public struct PageFiles: Sendable {
    struct File: Sendable {
        var type: String
        var bytes: [UInt8]
    }

    /// The page has a dozen files; more is a mistake in the variable.
    private static let mostFiles = 200
    private static let mostBytes = 32 << 20

    let index: [UInt8]
    /// By name, which holds a digest of the content.
    let assets: [String: File]

    /// The first of: the variable `SANDLOT_WEB`, which is taken at its word; `share/sandlot/web` beside the running executable's `bin`; `web` in
    /// the build directory that it lies in. Nil where the page was never built.
    public static func locate(variable: String?) throws -> PageFiles? {
        if let variable, !variable.isEmpty { return try PageFiles(folder: URL(fileURLWithPath: variable)) }
        guard let executable = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
        let folder = executable.deletingLastPathComponent()
        let candidates = [
            folder.deletingLastPathComponent().appending(path: "share/sandlot/web"),
            folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "web"),
        ]
        return try candidates.first { FileManager.default.fileExists(atPath: $0.appending(path: "index.html").path) }.map(PageFiles.init)
    }

    /// Throws `unavailable` for a folder that does not hold the built page.
    init(folder: URL) throws {
        do {
            index = Array(try Data(contentsOf: folder.appending(path: "index.html")))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "assets").path).sorted()
            guard names.count <= Self.mostFiles else { throw SandboxError(.limitExceeded, "\(names.count) files are no page") }
            var assets: [String: File] = [:]
            var size = index.count
            for name in names {
                guard let type = Self.types[(name as NSString).pathExtension] else { continue }
                let bytes = Array(try Data(contentsOf: folder.appending(path: "assets").appending(path: name)))
                size += bytes.count
                guard size <= Self.mostBytes else { throw SandboxError(.limitExceeded, "the page is larger than \(Self.mostBytes) bytes") }
                assets[name] = File(type: type, bytes: bytes)
            }
            self.assets = assets
        } catch {
            throw SandboxError(
                .unavailable, "the page in \(folder.path) cannot be read", remedy: "build it with Scripts/web, or correct SANDLOT_WEB",
                cause: error)
        }
    }

    private static let types = [
        "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
        "txt": "text/plain; charset=utf-8",
        "woff2": "font/woff2",
    ]
}

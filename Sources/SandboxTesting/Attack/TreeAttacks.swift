public import SandboxCore
import Synchronization
import SystemPackage

/// Attacks that come as trees: archives on their way in, and links on their way out.
struct TreeAttacks {
    /// Turns the bytes of an archive into the items of a tree, as whoever takes archives from clients does.
    let unpack: @Sendable (SandboxStream<[UInt8]>) -> SandboxStream<TreeItem>
    let files: any SandboxFileSystem

    /// What `run` can be asked for.
    static let ids = [copyOutID] + HostileArchive.all.map(id)

    private static let copyOutID = "escape.copy-out"

    private static func id(_ archive: HostileArchive) -> String {
        "archive." + archive.description.split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }

    /// An entry for each archive, after one for what comes out.
    func run(_ wanted: Set<String>) async -> [SuiteReport.Entry] {
        var entries: [SuiteReport.Entry] = []
        if wanted.contains(Self.copyOutID) {
            entries.append(await entry(Self.copyOutID, "lead who copies a tree out of the sandbox to other places (kubectl cp)", copyOut))
        }
        for archive in HostileArchive.all where wanted.contains(Self.id(archive)) {
            entries.append(
                await entry(Self.id(archive), "unpack outside of the root: \(archive.description)") { try await unpack(archive) })
        }
        return entries
    }

    private func entry(_ id: String, _ summary: String, _ body: () async throws -> String?) async -> SuiteReport.Entry {
        let start = ContinuousClock.now
        var entry = SuiteReport.Entry(id: id, summary: summary, verdict: .held)
        do {
            if let found = try await body() { (entry.verdict, entry.detail) = (.open, found) }
        } catch { (entry.verdict, entry.detail) = (.couldNotRun, "\(error)") }
        entry.seconds = (ContinuousClock.now - start) / .seconds(1)
        return entry
    }

    /// What is wrong; nil when nothing is.
    private func copyOut() async throws -> String? {
        try await files.write(text: "abc", to: "out/inside/f", options: FileWriteOptions(createsParents: true))
        try await files.makeSymbolicLink("out/door", target: "/etc")
        try await files.makeSymbolicLink("out/up", target: "../..")
        try await files.makeSymbolicLink("out/loop", target: ".")
        for try await item in try await files.export("out", paths: []) {
            guard case .entry(let entry) = item else { continue }
            let parts = entry.path.components.map(\.string)
            if entry.path.isAbsolute || parts.contains("..") { return "an entry is named \(entry.path)" }
            if parts.count > 1, ["door", "up", "loop"].contains(parts[0]) { return "a link was followed: \(entry.path)" }
        }
        return nil
    }

    private func unpack(_ archive: HostileArchive) async throws -> String? {
        try? await files.remove("w", recursive: true)
        try await files.makeDirectory("w/root", mode: 0o755, parents: true)
        try await files.write(text: "precious", to: "w/outside/f", options: FileWriteOptions(createsParents: true))
        let rest = Mutex(archive.bytes[...])
        let pieces = SandboxStream<[UInt8]> {
            rest.withLock { rest in
                let piece = Array(rest.prefix(60_000))
                rest = rest.dropFirst(60_000)
                return piece.isEmpty ? nil : piece
            }
        }
        do {
            let refused = try await files.import(unpack(pieces), into: "w/root").map(\.path.string)
            guard let expected = archive.refused else { return "the archive is taken" }
            guard refused == expected else { return "refused are \(refused), not \(expected)" }
        } catch is SandboxError where archive.refused == nil {}
        return try await outside()
    }

    /// What changed beside the root, or what nobody may bring; nil when nothing did.
    private func outside() async throws -> String? {
        guard try await files.readAll("w/outside/f") == Array("precious".utf8) else { return "a file outside was changed" }
        for try await entry in try await files.manifest(of: "w", digests: false) {
            let path = entry.path.string
            if path != "root", path != "outside", path != "outside/f", !path.hasPrefix("root/") { return "\(path) was made" }
            if entry.kind == .regular, entry.mode & 0o6000 != 0 { return "\(path) has a set-id bit" }
            if entry.kind == .characterDevice || entry.kind == .blockDevice { return "\(path) is a device" }
        }
        do {
            _ = try await files.stat(FilePath(HostileArchive.target), followsLinks: false)
            return "\(HostileArchive.target) was made"
        } catch is FileRefusal { return nil }
    }
}

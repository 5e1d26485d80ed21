import Foundation
import SandboxCore
import SandboxEngine
import SandboxTesting
import Sandlot
import Synchronization
import SystemPackage
import Testing

import SandboxAPI

/// Archives that other programs were led astray by, unpacked in a real sandbox: nothing outside of the root may change, and each refusal must be told.
@Suite("Hostile archives", .serialized, .timeLimit(.minutes(10)))
struct HostileArchiveTests {
    @Test("nothing leaves the root, and what is refused is told", .enabled(if: BuiltCommand.location != nil, "the guest is not built"))
    func all() async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-archives-\(getpid())")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        try await Sandlot.withEngine(SandlotOptions(dataDirectory: root)) { engine in
            let session = try await engine.openSession(SessionRequest())
            let files = try await engine.files(in: session.id)
            for archive in HostileArchive.all {
                try await files.makeDirectory("w/root", mode: 0o755, parents: true)
                try await files.write(text: "precious", to: "w/outside/f", options: FileWriteOptions(createsParents: true))
                let before = try await outline(files, "w")
                try await unpack(archive, files)
                let after = try await outline(files, "w")
                #expect(after.filter { !$0.hasPrefix("root") } == before.filter { !$0.hasPrefix("root") }, "\(archive.description)")
                let left = after.filter { $0.hasPrefix("root/") }.map { String($0.split(separator: "|")[0].dropFirst(5)) }
                // An archive that is refused as a whole may have been unpacked up to there.
                if archive.refused != nil { #expect(left == archive.left, "\(archive.description)") }
                #expect(!after.contains { $0.hasPrefix("root/f|file|") && $0.hasSuffix("set-id") }, "\(archive.description)")
                await #expect(throws: FileRefusal.self) { try await files.stat(FilePath(HostileArchive.target), followsLinks: false) }
                try await files.remove("w", recursive: true)
            }
            try await engine.close(session.id, force: true)
        }
    }

    private func unpack(_ archive: HostileArchive, _ files: any SandboxFileSystem) async throws {
        let rest = Mutex(archive.bytes[...])
        let pieces = SandboxStream<[UInt8]> {
            rest.withLock { rest in
                let piece = Array(rest.prefix(60_000))
                rest = rest.dropFirst(60_000)
                return piece.isEmpty ? nil : piece
            }
        }
        do {
            let refused = try await files.import(TarStreams.items(of: pieces), into: "w/root")
            #expect(refused.map(\.path.string) == archive.refused, "\(archive.description): \(refused)")
            #expect(refused.allSatisfy { !$0.reason.isEmpty })
        } catch let error as SandboxError {
            #expect(archive.refused == nil, "\(archive.description): \(error)")
        }
    }

    private func outline(_ files: any SandboxFileSystem, _ root: FilePath) async throws -> [String] {
        var all: [String] = []
        for try await entry in try await files.manifest(of: root, digests: true) {
            let path = entry.path.string.replacingOccurrences(of: "|", with: "")
            all.append(
                "\(path)|\(entry.kind.rawValue)|\(entry.digest ?? [])|\(entry.linkTarget?.string ?? "")|"
                    + (entry.mode & 0o6000 == 0 ? "" : "set-id"))
        }
        return all
    }
}

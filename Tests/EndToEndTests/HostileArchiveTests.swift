import Foundation
import SandboxCore
import SandboxEngine
import Sandlot
import Synchronization
import SystemPackage
import Testing

@testable import SandboxAPI

/// Archives that other programs were led astray by, unpacked in a real sandbox: nothing outside of the root may change, and each refusal must be told.
@Suite("Hostile archives", .serialized, .timeLimit(.minutes(10)))
struct HostileArchiveTests {
    /// An archive with what must be refused by name; nil when the archive itself is refused.
    struct Archive: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var bytes: [UInt8]
        var refused: [String]?
        /// What is in the root afterwards.
        var left: [String] = []
    }

    static let archives: [Archive] = [
        Archive(testDescription: "a parent", bytes: file("../outside/f"), refused: ["../outside/f"]),
        Archive(testDescription: "a parent further in", bytes: file("a/../../outside/f"), refused: ["a/../../outside/f"]),
        Archive(testDescription: "an absolute path", bytes: file("/tmp/sandlot-escaped"), refused: ["/tmp/sandlot-escaped"]),
        Archive(testDescription: "a link on the way", bytes: link("d", "../outside") + file("d/f"), refused: ["d/f"], left: ["d"]),
        Archive(
            testDescription: "an absolute link on the way", bytes: link("d", "/tmp") + file("d/sandlot-escaped"),
            refused: ["d/sandlot-escaped"], left: ["d"]),
        Archive(
            testDescription: "a chain of links", bytes: link("a", ".") + link("b", "a/..") + link("c", "b/outside") + file("c/f"),
            refused: ["c/f"], left: ["a", "b", "c"]),
        Archive(
            testDescription: "a chain of links longer than a path",
            bytes: (0..<20).flatMap { link(String(repeating: "l", count: 200) + "\($0)", String(repeating: "x/../", count: 700) + "..") }
                + file(String(repeating: "l", count: 200) + "19/outside/f"),
            refused: [String(repeating: "l", count: 200) + "19/outside/f"],
            left: (0..<20).map { String(repeating: "l", count: 200) + "\($0)" }.sorted()),
        Archive(
            testDescription: "a folder that becomes a link", bytes: folder("d") + link("d", "../outside") + file("d/f"), refused: ["d"],
            left: ["d", "d/f"]),
        Archive(testDescription: "a file over a link", bytes: link("f", "../outside/f") + file("f"), refused: [], left: ["f"]),
        Archive(testDescription: "a hard link out", bytes: node("h", "1", link: "../outside/f"), refused: nil),
        Archive(
            testDescription: "a hard link through a link", bytes: link("l", "..") + node("h", "1", link: "l/outside/f") + file("h"),
            refused: nil),
        Archive(testDescription: "devices", bytes: node("c", "3") + node("b", "4") + file("f"), refused: ["c", "b"], left: ["f"]),
        Archive(testDescription: "a sparse file", bytes: node("s", "S", size: 1 << 40), refused: nil),
        Archive(testDescription: "a size without content", bytes: node("f", "0", size: 1 << 33), refused: nil),
        Archive(testDescription: "an extended header without end", bytes: node("x", "x", size: 1 << 30), refused: nil),
        Archive(testDescription: "a name with a NUL", bytes: extended(["path": "a\u{0}/../../outside/f"]) + file("x"), refused: nil),
        Archive(testDescription: "an empty part in a name", bytes: file("a//f"), refused: [], left: ["a", "a/f"]),
        Archive(
            testDescription: "two sizes, of which the extended one counts",
            bytes: extended(["size": "1024"]) + node("f", "0") + content(file("../outside/smuggled").prefix(1024)), refused: [], left: ["f"]
        ),
        Archive(testDescription: "the same name again and again", bytes: (0..<5000).flatMap { _ in file("f") }, refused: [], left: ["f"]),
        Archive(testDescription: "set-id bits", bytes: node("f", "0", mode: 0o6755), refused: [], left: ["f"]),
        Archive(
            testDescription: "names that people misread", bytes: file("line\nbreak") + file("A") + file("a"), refused: [],
            left: ["A", "a", "line\nbreak"]),
    ]

    @Test("nothing leaves the root, and what is refused is told", .enabled(if: BuiltCommand.location != nil, "the guest is not built"))
    func all() async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-archives-\(getpid())")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        try await Sandlot.withEngine(SandlotOptions(dataDirectory: root)) { engine in
            let session = try await engine.openSession(SessionRequest())
            let files = try await engine.files(in: session.id)
            for archive in Self.archives {
                try await files.makeDirectory("w/root", mode: 0o755, parents: true)
                try await files.write(text: "precious", to: "w/outside/f", options: FileWriteOptions(createsParents: true))
                let before = try await outline(files, "w")
                try await unpack(archive, files)
                let after = try await outline(files, "w")
                #expect(after.filter { !$0.hasPrefix("root") } == before.filter { !$0.hasPrefix("root") }, "\(archive.testDescription)")
                let left = after.filter { $0.hasPrefix("root/") }.map { String($0.split(separator: "|")[0].dropFirst(5)) }
                // An archive that is refused as a whole may have been unpacked up to there.
                if archive.refused != nil { #expect(left == archive.left, "\(archive.testDescription)") }
                #expect(!after.contains { $0.hasPrefix("root/f|file|") && $0.hasSuffix("set-id") }, "\(archive.testDescription)")
                await #expect(throws: FileRefusal.self) { try await files.stat("/tmp/sandlot-escaped", followsLinks: false) }
                try await files.remove("w", recursive: true)
            }
            try await engine.close(session.id, force: true)
        }
    }

    private func unpack(_ archive: Archive, _ files: any SandboxFileSystem) async throws {
        let rest = Mutex((archive.bytes + [UInt8](repeating: 0, count: 1024))[...])
        let pieces = SandboxStream<[UInt8]> {
            rest.withLock { rest in
                let piece = Array(rest.prefix(60_000))
                rest = rest.dropFirst(60_000)
                return piece.isEmpty ? nil : piece
            }
        }
        do {
            let refused = try await files.import(TarStreams.items(of: pieces), into: "w/root")
            #expect(refused.map(\.path.string) == archive.refused, "\(archive.testDescription): \(refused)")
            #expect(refused.allSatisfy { !$0.reason.isEmpty })
        } catch let error as SandboxError {
            #expect(archive.refused == nil, "\(archive.testDescription): \(error)")
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

    // MARK: Archives

    private static func node(
        _ name: String, _ type: Character, size: UInt64 = 0, mode: UInt32 = 0o644, link: String = ""
    ) -> [UInt8] {
        let long = name.utf8.count > 100 || link.utf8.count > 100 ? extended(["path": name, "linkpath": link]) : []
        return long
            + TarBlock(
                name: Array(name.utf8), mode: mode, userID: 0, groupID: 0, size: size, modified: 1_700_000_000, type: type.asciiValue ?? 0,
                linkName: Array(link.utf8)
            ).bytes()
    }

    private static func file(_ name: String) -> [UInt8] { node(name, "0", size: 3) + content("abc".utf8) }
    private static func folder(_ name: String) -> [UInt8] { node(name, "5", mode: 0o755) }
    private static func link(_ name: String, _ target: String) -> [UInt8] { node(name, "2", link: target) }

    private static func content(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array(bytes) + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    private static func extended(_ records: [String: String]) -> [UInt8] {
        let lines = records.sorted { $0.key < $1.key }.filter { !$0.value.isEmpty }.map { key, value in
            let rest = " \(key)=\(value)\n"
            var length = rest.utf8.count + 1
            while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
            return "\(length)\(rest)"
        }.joined()
        return node("x", "x", size: UInt64(lines.utf8.count)) + content(lines.utf8)
    }
}

import Foundation
import SandboxCore
import SystemPackage
import Testing

@testable import SandboxCommands

@Suite("Copying out of a sandbox that is not trusted")
struct HostTreeTests {
    private func withDirectory(_ body: (FilePath) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("sandlot-copy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory.appendingPathComponent("root"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(FilePath(directory.path))
    }

    private func entry(_ path: FilePath, _ kind: FileKind = .regular, target: FilePath? = nil) -> TreeItem {
        .entry(FileEntry(path: path, kind: kind, mode: kind == .directory ? 0o755 : 0o644, size: 0, modified: 0, linkTarget: target))
    }

    @Test(arguments: ["../outside", "/etc/outside", "a/../../outside", "", ".", ".."])
    func aPathThatLeadsOutsideIsRefused(_ path: String) async throws {
        try await withDirectory { directory in
            let writer = try HostTreeWriter(root: directory.appending("root"))
            try await writer.write(entry(FilePath(path)))
            try await writer.write(.content(Array("evil".utf8)))
            try await writer.finish()
            #expect(await writer.refused.count == 1)
            #expect(!FileManager.default.fileExists(atPath: directory.appending("outside").string))
        }
    }

    @Test func aLinkThatWasSentBeforeIsNotFollowed() async throws {
        try await withDirectory { directory in
            let writer = try HostTreeWriter(root: directory.appending("root"))
            try await writer.write(entry("door", .symbolicLink, target: ".."))
            try await writer.write(entry("door/outside"))
            try await writer.write(.content([1]))
            try await writer.write(entry("door", .directory))
            try await writer.finish()
            #expect(await writer.refused.count == 2)
            #expect(!FileManager.default.fileExists(atPath: directory.appending("outside").string))
        }
    }

    @Test func aFileReplacesALinkInsteadOfWritingThroughIt() async throws {
        try await withDirectory { directory in
            let victim = directory.appending("victim").string
            try "safe".write(toFile: victim, atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: directory.appending("root/name").string, withDestinationPath: victim)
            let writer = try HostTreeWriter(root: directory.appending("root"))
            try await writer.write(entry("name"))
            try await writer.write(.content(Array("new".utf8)))
            try await writer.finish()
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "safe")
            #expect(try String(contentsOfFile: directory.appending("root/name").string, encoding: .utf8) == "new")
        }
    }

    @Test func aTreeGoesThroughReaderAndWriterUnchanged() async throws {
        try await withDirectory { directory in
            let (source, target) = (directory.appending("source"), directory.appending("root"))
            let files = FileManager.default
            try files.createDirectory(atPath: source.appending("deep/empty").string, withIntermediateDirectories: true)
            let big = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0) })
            try big.write(to: URL(fileURLWithPath: source.appending("deep/big").string))
            try files.createSymbolicLink(atPath: source.appending("link").string, withDestinationPath: "../nowhere")
            #expect(mkfifo(source.appending("pipe").string, 0o600) == 0)
            let reader = try HostTreeReader(root: source)
            let writer = try HostTreeWriter(root: target)
            for try await item in reader.items { try await writer.write(item) }
            try await writer.finish()
            #expect(await writer.refused.isEmpty)
            #expect(await reader.skipped == ["pipe"])
            #expect(try Data(contentsOf: URL(fileURLWithPath: target.appending("deep/big").string)) == big)
            #expect(try files.destinationOfSymbolicLink(atPath: target.appending("link").string) == "../nowhere")
            #expect(try files.contentsOfDirectory(atPath: target.appending("deep/empty").string).isEmpty)
        }
    }
}

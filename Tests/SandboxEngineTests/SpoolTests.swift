import Foundation
import SandboxCore
import SandboxStore
import SystemPackage
import Testing

@testable import SandboxEngine

@Suite("The output spool")
struct SpoolTests {
    final class Folder: Sendable {
        let layout: SpoolLayout
        init() throws {
            layout = SpoolLayout(
                root: FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-spool-\(UUID().uuidString)").path))
            try DataDirectory.make(layout.root)
        }
        deinit { try? FileManager.default.removeItem(atPath: layout.root.string) }
        func read(_ exec: ExecID) throws -> [OutputChunk] {
            var all: [OutputChunk] = []
            var offset: UInt64 = 0
            while let chunk = try SpoolReader(layout).read(exec, .standardOutput, from: offset, limit: 5) {
                all.append(chunk)
                offset = chunk.offset + UInt64(chunk.bytes.count)
            }
            return all
        }
    }

    func chunk(_ offset: UInt64, _ text: String) -> OutputChunk {
        OutputChunk(channel: .standardOutput, offset: offset, bytes: Array(text.utf8))
    }

    @Test func `a silent command leaves no files`() throws {
        let folder = try Folder()
        OutputSpool(.random(), layout: folder.layout, limit: 10).close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.layout.root.string).isEmpty)
    }

    @Test func `what came before is not written twice`() throws {
        let folder = try Folder()
        let exec = ExecID.random()
        let spool = OutputSpool(exec, layout: folder.layout, limit: 100)
        #expect(spool.append(chunk(0, "hello")) == chunk(0, "hello"))
        #expect(spool.append(chunk(2, "llo wor")) == chunk(5, " wor"))
        #expect(spool.append(chunk(0, "hello")) == nil)
        #expect(try folder.read(exec).flatMap(\.bytes) == Array("hello wor".utf8))
    }

    @Test func `a restarted spool goes on where it was, and a gap is shown by the offsets`() throws {
        let folder = try Folder()
        let exec = ExecID.random()
        _ = OutputSpool(exec, layout: folder.layout, limit: 100).append(chunk(0, "abc"))
        let second = OutputSpool(exec, layout: folder.layout, limit: 100, resuming: true)
        #expect(second.offsets.standardOutput == 3)
        _ = second.append(chunk(10, "xyz"))
        let third = OutputSpool(exec, layout: folder.layout, limit: 100, resuming: true)
        #expect(third.offsets.standardOutput == 13)
        _ = third.append(chunk(13, "!"))
        #expect(try folder.read(exec) == [chunk(0, "abc"), chunk(10, "xyz!")])
        #expect(third.kept.standardOutput == 7)
        #expect(try SpoolReader(folder.layout).read(exec, .standardOutput, from: 5) == chunk(10, "xyz!"))
    }

    @Test(arguments: 1...9)
    func `the cut keeps whole characters`(limit: Int) throws {
        let folder = try Folder()
        let exec = ExecID.random()
        let text = "aé€😀b"
        let spool = OutputSpool(exec, layout: folder.layout, limit: UInt64(limit))
        #expect(spool.append(chunk(0, text)) == chunk(0, text))
        _ = spool.append(chunk(11, "more"))
        let kept = try folder.read(exec).flatMap(\.bytes)
        #expect(kept.count <= limit)
        let whole = try #require(String(validating: kept, as: UTF8.self))
        #expect(text.hasPrefix(whole))
        #expect(kept.count > limit - 4)
        #expect(spool.offsets.standardOutput == 15)
    }

    @Test func `bytes that are no text are cut at the limit`() {
        #expect(TextBoundary.cut([UInt8](repeating: 0x80, count: 20), limit: 10) == 10)
        #expect(TextBoundary.cut([UInt8](repeating: 0x80, count: 5), limit: 10) == 5)
        #expect(TextBoundary.cut([UInt8](), limit: 0) == 0)
    }
}

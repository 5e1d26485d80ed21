import SandboxCore
import SystemPackage
import Testing

@testable import SandboxAPI

@Suite("Trees as tar streams", .timeLimit(.minutes(10)))
struct TarTests {
    private static let items: [TreeItem] = [
        .entry(FileEntry(path: "dir", kind: .directory, mode: 0o711, size: 0, modified: 1_700_000_000_123_456_789)),
        .entry(
            FileEntry(
                path: "dir/tool", kind: .regular, mode: 0o755, size: 5, modified: 1_700_000_000_000_000_001, userID: 1000,
                groupID: 3_000_000)),
        .content(Array("hello".utf8)),
        .entry(FileEntry(path: "dir/link", kind: .symbolicLink, mode: 0o777, size: 0, modified: 5, linkTarget: "tool")),
        .entry(
            FileEntry(
                path: FilePath(String(repeating: "d", count: 120) + "/" + String(repeating: "ü", count: 60)), kind: .regular, mode: 0o600,
                size: 1024, modified: -1_500_000_000)),
        .content([UInt8](repeating: 7, count: 1024)),
        .entry(FileEntry(path: "odd name\n!", kind: .regular, mode: 0o600, size: 0, modified: 0)),
        .entry(FileEntry(path: "../out", kind: .regular, mode: 0o644, size: 1, modified: 0)), .content([1]),
    ]

    private func archive() throws -> [UInt8] {
        var writer = TarWriter()
        return try Self.items.flatMap { try writer.bytes(of: $0) } + writer.end()
    }

    /// Pieces of a content are joined, because where they are cut means nothing.
    private func read(_ bytes: [UInt8], step: Int) throws -> (items: [TreeItem], isWhole: Bool) {
        var reader = TarReader()
        var found: [TreeItem] = []
        var position = 0
        while true {
            while let item = try reader.item() {
                if case .content(let more) = item, case .content(let before)? = found.last {
                    found[found.count - 1] = .content(before + more)
                } else {
                    found.append(item)
                }
            }
            guard !reader.isAtEnd, position < bytes.count else { return (found, reader.isAtEnd) }
            reader.feed(Array(bytes[position..<min(bytes.count, position + step)]))
            position += step
        }
    }

    @Test("what is written is read again, however the stream is cut", arguments: [1, 7, 512, 100_000])
    func roundTrip(step: Int) throws {
        let found = try read(try archive(), step: step)
        #expect(found.isWhole && found.items == Self.items)
    }

    @Test("an archive that is cut off anywhere is never taken for a whole one")
    func cuts() throws {
        let whole = try archive()
        for length in stride(from: 0, to: whole.count - 1024, by: 97) {
            #expect(try read(Array(whole.prefix(length)), step: 4096).isWhole == false)
        }
    }

    @Test("damage is told or harmless, and never a fault")
    func damage() throws {
        let whole = try archive()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var damaged = whole
            damaged[Int.random(in: 0..<whole.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            do { _ = try read(damaged, step: 1000) } catch is SandboxError {}
        }
        for _ in 0..<50 {
            let noise = (0..<2048).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: SandboxError.self) { _ = try read(noise, step: 1000) }
        }
    }

    @Test("a size that no sum can take is refused", arguments: [UInt8(ascii: "5"), UInt8(ascii: "0"), UInt8(ascii: "2")])
    func hugeSize(type: UInt8) throws {
        var block = TarBlock(
            name: Array("huge".utf8), mode: 0o755, userID: 0, groupID: 0, size: 0, modified: 0, type: type, linkName: Array("x".utf8)
        ).bytes()
        block.replaceSubrange(124..<136, with: [0x80, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8))
        for index in 148..<156 { block[index] = 0x20 }
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        block.replaceSubrange(148..<155, with: Array((String(repeating: "0", count: 6 - sum.utf8.count) + sum).utf8) + [0])
        #expect(throws: SandboxError.self) { try read(block, step: 512) }
    }

    @Test("contents that do not fit their entries are refused")
    func mismatch() throws {
        var writer = TarWriter()
        _ = try writer.bytes(of: .entry(FileEntry(path: "f", kind: .regular, mode: 0o644, size: 2, modified: 0)))
        #expect(throws: SandboxError.self) { try writer.bytes(of: .content([1, 2, 3])) }
        #expect(throws: SandboxError.self) { try writer.end() }
    }
}

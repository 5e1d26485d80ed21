import Foundation
import SandboxCore
import Synchronization
import SystemPackage
import Testing

@testable import SandboxAPI

/// An archive of a million entries (`ARCHIVE_ENTRIES=1000000`; fewer in an ordinary run, for the reader does the same for each).
@Suite("Archives of many entries", .timeLimit(.minutes(30)))
struct ManyEntriesTests {
    private static let entries = ProcessInfo.processInfo.environment["ARCHIVE_ENTRIES"].flatMap { Int($0) } ?? 20_000
    private static let piece = 64 << 10

    @Test("the reader takes no more than one piece ahead, however many entries there are")
    func isBounded() async throws {
        let block = TarBlock(
            name: Array("folder/entry".utf8), mode: 0o644, userID: 0, groupID: 0, size: 0, modified: 1_700_000_000, type: UInt8(ascii: "0"),
            linkName: []
        ).bytes()
        let full = Array((0..<(Self.piece / block.count)).map { _ in block }.joined())
        let last = Array((0..<(Self.entries % (Self.piece / block.count))).map { _ in block }.joined()) + [UInt8](repeating: 0, count: 1024)
        let wholePieces = Self.entries / (Self.piece / block.count)
        let taken = Mutex(0)
        let bytes = SandboxStream<[UInt8]> {
            taken.withLock { taken in
                taken += 1
                return taken <= wholePieces ? full : taken == wholePieces + 1 ? last : nil
            }
        }
        var found = 0
        for try await item in TarStreams.items(of: bytes) {
            guard case .entry = item else {
                Issue.record("an empty file has no content")
                return
            }
            found += 1
            // Read so far, but for the entries that were handed on.
            let ahead = taken.withLock { $0 } * Self.piece - found * block.count
            guard ahead < Self.piece else {
                Issue.record("\(ahead) bytes wait after \(found) entries")
                return
            }
        }
        #expect(found == Self.entries)
    }
}

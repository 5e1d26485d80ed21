import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import ContainerBackends

/// Pure code: no engine is needed.
@Suite("Files for a container")
struct ContainerFileTests {
    @Test("what is packed can be read back, also behind the entries of directories and with owners beyond the format's digits")
    func roundTrip() async throws {
        let content = Array("root:x:0:0::/root:/bin/sh\n".utf8)
        let file = try await pack([.bytes("/etc/passwd", mode: 0o644, content)])
        #expect(TapeArchive.firstFile(file) == content && file.count % 512 == 0)
        let directory = try await pack([.directory("/workspace", mode: 0o700, uid: 0x7012_3456, gid: 7)])
        #expect(directory.count == 512 + 1024 && directory[108] == 0x80 && Array(directory[112..<116]) == [0x70, 0x12, 0x34, 0x56])
        #expect(TapeArchive.firstFile(directory) == nil)
    }

    @Test(
        "an archive that lies about its sizes is none",
        arguments: [[], [UInt8](repeating: 0xFF, count: 512), [UInt8](repeating: 0x37, count: 1024)])
    func lies(_ bytes: [UInt8]) { #expect(TapeArchive.firstFile(bytes) == nil) }

    @Test("a user gets one line, under a name that is free, and what is known stays")
    func accounts() throws {
        let user = SpawnRequest.User(uid: 1234, gid: 99)
        let added = try #require(ContainerAccounts.none.adding(user))
        #expect(String(decoding: added.users, as: UTF8.self).hasSuffix("sandbox:x:1234:99::/home/sandbox:/bin/sh\n"))
        #expect(String(decoding: added.groups, as: UTF8.self) == "root:x:0:\nsandbox:x:99:\n")
        #expect(added.adding(user) == nil)
        let other = try #require(added.adding(SpawnRequest.User(uid: 77, gid: 99)))
        #expect(String(decoding: other.users, as: UTF8.self).hasSuffix("sandbox-77:x:77:99::/home/sandbox:/bin/sh\n"))
        #expect(ContainerAccounts.none.adding(SpawnRequest.User(uid: 0, gid: 0)) == nil)
    }

    private func pack(_ entries: [TapeArchive.Entry]) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in try TapeArchive.stream(entries) { bytes += piece }
        return bytes
    }
}

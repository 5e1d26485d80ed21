import Foundation
import SandboxCore
import SandboxEngine
import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Pushes of a tree of many small files beside tar and rsync on the same disk.
enum Syncing {
    /// Half a gigabyte in 50,000 files, or a tenth of that.
    static func makeTree(_ root: FilePath, files: Int) throws {
        let content = [UInt8](repeating: 0x61, count: 10_000)
        for file in 0..<files {
            let folder = root.appending("\(file / 500)")
            if file % 500 == 0 { try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true) }
            try write(content + Array("\(file)\n".utf8), to: folder.appending("\(file)"))
        }
    }

    /// Without the sync to the disk that Foundation does for each file.
    private static func write(_ content: [UInt8], to path: FilePath) throws {
        let file = try FileDescriptor.open(path, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite, .groupRead])
        try file.closeAfter { _ = try file.writeAll(content) }
    }

    /// All figures of pushes, and what memory they took.
    static func measure(_ engine: Engine, _ scratch: FilePath, quick: Bool) async throws -> (pairs: [Pairing], memory: String) {
        let files = quick ? 5000 : 50_000
        PeakMemory.forget()
        let (trees, guest) = try await pairs(engine, scratch, files: files)
        let ofTrees = PeakMemory.own
        PeakMemory.forget()
        let (large, largeGuest) = try await largeFile(engine, scratch, megabytes: quick ? 128 : 2048)
        return (
            trees + [large],
            "Peak memory of pushes of \(files) files: \(twoDigits(ofTrees)) MiB here, \(twoDigits(guest)) MiB in the guest; of the large file: "
                + "\(twoDigits(PeakMemory.own)) MiB here, \(twoDigits(largeGuest)) MiB in the guest (aim: ≤ 200 MiB)."
        )
    }

    /// What the round before left to be written would be paid for by this one.
    private static func settle() async throws {
        sync()
        try await Task.sleep(for: .seconds(1))
    }

    /// Deleting so many files may take a busy disk longer than a sandbox is given for its end; the next try goes on.
    private static func close(_ session: SandboxSession, _ engine: Engine) async throws {
        for _ in 0..<20 {
            do {
                return try await engine.close(session.id, force: true, discard: true)
            } catch let error as SandboxError where error.code == .timeout { continue }
        }
    }

    private static func guestMemory(_ engine: Engine, _ session: SandboxSession) async throws -> Double {
        PeakMemory.guest(of: try await engine.session(session.id.rawValue).sandbox?.rawValue ?? "")
    }

    private static func pairs(_ engine: Engine, _ scratch: FilePath, files: Int) async throws -> (pairs: [Pairing], guest: Double) {
        let tree = scratch.appending("tree")
        try makeTree(tree, files: files)
        let request = SessionRequest(workspace: .synced(WorkspaceSync(directory: tree)))
        // Nothing is deleted before the last round: ext4 passes over inodes that were freed within the last minute, one by one for each new file.
        var (sessions, copies): ([SandboxSession], [FilePath]) = ([], [])
        var pairs = [
            try await Pairing.measure(
                "first push of \(files) files", against: "`tar | tar`", rounds: 3, warmUp: 1, aim: "≤ 1.3 ×", settle: settle,
                // Making the sandbox is part of neither; its few milliseconds are.
                ours: { try await milliseconds { sessions.append(try await engine.openSession(request)) } },
                peer: {
                    let copy = scratch.appending("copy-\(copies.count)")
                    copies.append(copy)
                    try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
                    return try await milliseconds { try Peers.spawn(["sh", "-c", "tar -C \(tree) -cf - . | tar -C \(copy) -xf -"]) }
                })
        ]
        guard let session = sessions.popLast(), let copy = copies.popLast() else { throw BenchmarkFailure("no round was measured") }
        for session in sessions { try await close(session, engine) }
        for copy in copies { try FileManager.default.removeItem(atPath: copy.string) }
        // A stamp proves something only when it is 2 seconds older than the look.
        try await Task.sleep(for: .seconds(3))
        _ = try await session.push()
        pairs.append(
            try await .measure(
                "push of \(files) files, nothing changed", against: "`rsync -a`", rounds: 5, warmUp: 1, aim: "≤ 0.5 ×", settle: settle,
                ours: { try await milliseconds { _ = try await session.push() } },
                peer: { try await milliseconds { try Peers.spawn(["rsync", "-a", "\(tree)/", "\(copy)/"]) } }))
        var round = 0
        pairs.append(
            try await .measure(
                "push after 10 files changed", against: "`rsync -a`", rounds: 5, warmUp: 1, aim: "≤ 1.2 × the line above", settle: settle,
                ours: {
                    round += 1
                    for file in 0..<10 {
                        let path = tree.appending("\(file)").appending("\(file * 500)")
                        try write(Array("round \(round)\n".utf8), to: path)
                    }
                    return try await milliseconds { _ = try await session.push() }
                }, peer: { try await milliseconds { try Peers.spawn(["rsync", "-a", "\(tree)/", "\(copy)/"]) } }))
        let guest = try await guestMemory(engine, session)
        try await close(session, engine)
        return (pairs, guest)
    }

    /// What crosses over, beside the whole file, when one byte of it changed.
    private static func largeFile(_ engine: Engine, _ scratch: FilePath, megabytes: Int) async throws -> (Pairing, guest: Double) {
        let folder = scratch.appending("large")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        let path = folder.appending("file")
        guard FileManager.default.createFile(atPath: path.string, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
        defer { try? file.close() }
        var state: UInt64 = 1
        for _ in 0..<megabytes {
            var words = [UInt64](repeating: 0, count: 131_072)
            for index in words.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                words[index] = state
            }
            try file.write(contentsOf: words.withUnsafeBytes { Data($0) })
        }
        let session = try await engine.openSession(SessionRequest(workspace: .synced(WorkspaceSync(directory: folder))))
        try file.seek(toOffset: UInt64(megabytes) << 19)
        try file.write(contentsOf: Data([0]))
        let moved = try await session.push().movedBytes
        let guest = try await guestMemory(engine, session)
        try await close(session, engine)
        let pairing = Pairing(
            name: "moved after one byte of a large file changed", peerName: "the file", unit: .mebibytes, ours: [Double(moved) / 1_048_576],
            peer: [Double(megabytes)], aim: "≤ 0.02 ×")
        return (pairing, guest)
    }
}

import Foundation
import SandboxCore
import SandboxEngine
import Sandlot
import SystemPackage

/// Pushes of a tree of many small files beside tar and rsync on the same disk.
enum Syncing {
    /// Half a gigabyte in 50,000 files, or a tenth of that.
    static func makeTree(_ root: FilePath, files: Int) throws {
        let content = Data(repeating: 0x61, count: 10_000)
        for file in 0..<files {
            let folder = root.appending("\(file / 500)")
            if file % 500 == 0 { try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true) }
            try (content + Data("\(file)\n".utf8)).write(to: URL(fileURLWithPath: folder.appending("\(file)").string))
        }
    }

    static func pairs(_ engine: Engine, _ scratch: FilePath, files: Int) async throws -> [Pairing] {
        let (tree, copy) = (scratch.appending("tree"), scratch.appending("copy"))
        try makeTree(tree, files: files)
        let request = SessionRequest(workspace: .synced(WorkspaceSync(directory: tree)))
        var pairs = [
            try await Pairing.measure(
                "first push of \(files) files", against: "`tar | tar`", rounds: 3, warmUp: 1, aim: "≤ 1.3 ×",
                ours: {
                    // Making the sandbox is part of neither; its few milliseconds are.
                    var session: SandboxSession?
                    let spent = try await milliseconds { session = try await engine.openSession(request) }
                    if let session { try await engine.close(session.id, force: true, discard: true) }
                    return spent
                },
                peer: {
                    try? FileManager.default.removeItem(atPath: copy.string)
                    try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
                    return try await milliseconds { try Peers.spawn(["sh", "-c", "tar -C \(tree) -cf - . | tar -C \(copy) -xf -"]) }
                })
        ]
        let session = try await engine.openSession(request)
        // A stamp proves something only when it is 2 seconds older than the look.
        try await Task.sleep(for: .seconds(3))
        _ = try await session.push()
        pairs.append(
            try await .measure(
                "push of \(files) files, nothing changed", against: "`rsync -a`", rounds: 5, warmUp: 1, aim: "≤ 0.5 ×",
                ours: { try await milliseconds { _ = try await session.push() } },
                peer: { try await milliseconds { try Peers.spawn(["rsync", "-a", "\(tree)/", "\(copy)/"]) } }))
        var round = 0
        pairs.append(
            try await .measure(
                "push after 10 files changed", against: "`rsync -a`", rounds: 5, warmUp: 1, aim: "≤ 1.2 × the line above",
                ours: {
                    round += 1
                    for file in 0..<10 {
                        let path = tree.appending("\(file)").appending("\(file * 500)")
                        try Data("round \(round)\n".utf8).write(to: URL(fileURLWithPath: path.string))
                    }
                    return try await milliseconds { _ = try await session.push() }
                }, peer: { try await milliseconds { try Peers.spawn(["rsync", "-a", "\(tree)/", "\(copy)/"]) } }))
        try await engine.close(session.id, force: true, discard: true)
        return pairs
    }

    /// What crosses over, beside the whole file, when one byte of it changed.
    static func largeFile(_ engine: Engine, _ scratch: FilePath, megabytes: Int) async throws -> Pairing {
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
        try await engine.close(session.id, force: true, discard: true)
        return Pairing(
            name: "moved after one byte of a large file changed", peerName: "the file", unit: .mebibytes, ours: [Double(moved) / 1_048_576],
            peer: [Double(megabytes)], aim: "≤ 0.02 ×")
    }
}

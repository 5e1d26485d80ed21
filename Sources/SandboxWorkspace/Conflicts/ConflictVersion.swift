import SandboxCore
import SandboxProcess
public import SystemPackage

/// A version of a conflict's path that can be looked at.
public enum ConflictVersion: String, Sendable, Codable, CaseIterable {
    case host
    case sandbox
    /// What both sides had before; kept of text, by sessions that merge it.
    case base
}

extension ConflictStore {
    /// More of one version is not read into memory.
    public static let largestContent = 16 << 20

    /// The content of a version; nil when it is no file or nothing of it was kept. A version of the host that was not kept is the file in its
    /// directory, as that is now. Refuses
    /// what is larger than `largestContent` as too large.
    public func content(of conflict: WorkspaceConflict, _ version: ConflictVersion, in directory: FilePath) throws -> [UInt8]? {
        do {
            switch version {
            case .base: return try base(of: conflict)
            case .sandbox: return try content(of: conflict, .sandbox, limit: Self.largestContent)
            case .host:
                if let kept = try content(of: conflict, .host, limit: Self.largestContent) { return kept }
                guard conflict.loser != .host, let file = try HostTree(directory).file(conflict.path) else { return nil }
                return try Self.all(of: file)
            }
        } catch let error as SandboxError where error.code == .limitExceeded {
            throw FileRefusal(
                .tooLarge, path: conflict.path.filePath,
                message: "the \(version.rawValue)'s version of \(conflict.path) is larger than \(Self.largestContent >> 20) MiB")
        }
    }

    /// The versions that have content to look at.
    public func versions(of conflict: WorkspaceConflict, in directory: FilePath) -> [ConflictVersion] {
        // Where the host lost, the winner is in its place.
        let tree = conflict.loser == .host ? nil : try? HostTree(directory)
        return ConflictVersion.allCases.filter { version in
            HostDirectory.exists(folder(conflict).appending(version.rawValue)) || version == .host && tree?.file(conflict.path) != nil
        }
    }

    private static func all(of file: OwnedDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try file.readAvailable(limit: 256 << 10), !piece.isEmpty {
            bytes += piece
            guard bytes.count <= largestContent else { throw SandboxError(.limitExceeded, "the file is too large") }
        }
        return bytes
    }
}

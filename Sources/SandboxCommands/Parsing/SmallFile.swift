import SandboxCore
import SystemPackage

/// Reads a file that a user named and that must be small.
enum SmallFile {
    static func text(at path: FilePath, limit: Int = 1 << 20) throws -> String {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            return try file.closeAfter {
                var bytes: [UInt8] = []
                while bytes.count <= limit {
                    let piece = try [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if piece.isEmpty { break }
                    bytes += piece
                }
                guard bytes.count <= limit, let text = String(validating: bytes, as: UTF8.self) else {
                    throw SandboxError(
                        .invalidArgument, "\(path) is not a text file of at most \(limit) bytes", remedy: "name another file")
                }
                return text
            }
        } catch let error as Errno {
            throw SandboxError(
                error == .noSuchFileOrDirectory ? .notFound : .denied, "cannot read \(path): \(error)", remedy: "check the path")
        }
    }
}

import Glibc

/// Reads the short texts that the kernel offers as files.
public enum KernelFile {
    /// The content, at most 256 KiB, or nil when the file cannot be read.
    public static func bytes(_ path: String) -> [UInt8]? {
        let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC))
        guard file.raw >= 0 else { return nil }
        var bytes: [UInt8] = []
        while bytes.count < 256 << 10 {
            guard let piece = try? file.readAvailable(limit: 16 << 10) else { return nil }
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }

    /// The content as text.
    public static func text(_ path: String) -> String? {
        bytes(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first line without its end.
    public static func line(_ path: String) -> String? {
        text(path).map { String($0.prefix { $0 != "\n" }) }
    }

    /// The first line as a number.
    public static func integer(_ path: String) -> Int? { line(path).flatMap { Int($0) } }
}

import Glibc

/// Reads the short texts that the kernel offers as files.
public enum KernelFile {
    /// The content, at most 64 KiB, or nil when the file cannot be read.
    public static func text(_ path: String) -> String? {
        let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC))
        guard file.raw >= 0 else { return nil }
        var bytes: [UInt8] = []
        while bytes.count < 64 << 10 {
            guard let piece = try? file.readAvailable(limit: 16 << 10) else { return nil }
            if piece.isEmpty { break }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first line without its end.
    public static func line(_ path: String) -> String? {
        text(path).map { String($0.prefix { $0 != "\n" }) }
    }

    /// The first line as a number.
    public static func integer(_ path: String) -> Int? { line(path).flatMap { Int($0) } }
}
